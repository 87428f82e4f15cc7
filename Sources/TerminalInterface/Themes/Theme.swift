/// The colours of every role. Looking a role up is one dictionary access; parents are resolved when it is made.
package struct Theme: Sendable, Equatable {
  /// How one role looks. Nil colours are those of the parent role.
  package struct Style: Sendable, Equatable {
    package var foreground: ThemeColor?
    package var background: ThemeColor?
    package var emphasis: Emphasis?
  }

  /// How one role looks once all is known.
  package struct Look: Sendable, Equatable {
    package var foreground: ThemeColor
    package var background: ThemeColor
    package var emphasis: Emphasis
  }

  package let name: String
  /// The styles that the file and those it inherits from gave.
  package let styles: [StyleRole: Style]
  private let looks: [StyleRole: Look]

  package init(name: String, styles: [StyleRole: Style]) {
    self.name = name
    self.styles = styles
    var looks: [StyleRole: Look] = [:]
    for role in StyleRole.allCases {
      var foreground: ThemeColor?
      var background: ThemeColor?
      var emphasis: Emphasis?
      var next: StyleRole? = role
      while let current = next {
        let style = styles[current]
        foreground = foreground ?? style?.foreground
        background = background ?? style?.background
        emphasis = emphasis ?? style?.emphasis
        next = current.parent
      }
      looks[role] = Look(
        foreground: foreground ?? .terminal, background: background ?? .terminal, emphasis: emphasis ?? [])
    }
    self.looks = looks
  }

  /// How the role looks in colour; where there is none, what the role falls back on is shown by emphasis.
  package func look(_ role: StyleRole, depth: ColorDepth) -> Look {
    if depth == .none {
      return Look(foreground: .terminal, background: .terminal, emphasis: role.plainEmphasis)
    }
    return looks[role] ?? Look(foreground: .terminal, background: .terminal, emphasis: [])
  }
}
