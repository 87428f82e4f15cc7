/// The role of a piece of text. A theme maps roles to colours; views use only roles.
///
/// The raw value is the role's name in a theme file.
package enum StyleRole: String, CaseIterable, Sendable, Hashable {
  case text
  case dim
  case accent
  case error
  case warning
  case success
  case user
  case userMark = "user-mark"
  case assistantMark = "assistant-mark"
  case reasoning
  case notice
  case heading
  case link
  case quote
  case rule
  case listMark = "list-mark"
  case tableBorder = "table-border"
  case codeInline = "code-inline"
  case code
  case codeLabel = "code-label"
  case codeKeyword = "code-keyword"
  case codeString = "code-string"
  case codeNumber = "code-number"
  case codeComment = "code-comment"
  case prompt
  case composer
  case placeholder
  case chip
  case menu
  case menuDetail = "menu-detail"
  case menuSelected = "menu-selected"
  case status
  case statusDim = "status-dim"
  case statusBusy = "status-busy"
  case statusGood = "status-good"
  case statusWarning = "status-warning"

  /// The role whose style is inherited where a theme gives none; nil for `text`, whose default is the terminal's own.
  package var parent: StyleRole? {
    switch self {
    case .text: nil
    case .userMark, .assistantMark, .heading, .link, .listMark, .prompt, .chip: .accent
    case .reasoning, .notice, .quote, .rule, .tableBorder, .placeholder, .codeLabel, .codeComment: .dim
    case .codeKeyword: .accent
    case .codeString, .codeNumber, .codeInline: .code
    case .menuDetail: .menu
    case .statusDim, .statusBusy, .statusGood, .statusWarning: .status
    default: .text
    }
  }

  /// The emphasis of the role on terminals without colours.
  package var plainEmphasis: Emphasis {
    switch self {
    case .user, .userMark, .assistantMark, .codeKeyword, .prompt, .error, .warning, .statusBusy,
      .statusWarning, .codeInline:
      .bold
    case .dim, .reasoning, .notice, .codeLabel, .placeholder, .menuDetail, .statusDim, .codeComment: .dim
    case .link: .underline
    case .menuSelected, .chip: .reverse
    default: []
    }
  }
}
