/// The styles of all roles. A lookup is one dictionary access; inheritance is resolved at initialization.
package struct Theme: Sendable, Equatable {
  /// The style of a role. Nil values are inherited from the parent role.
  package struct Style: Sendable, Equatable {
    package var foreground: ThemeColor?
    package var background: ThemeColor?
    package var emphasis: Emphasis?
  }

  /// The resolved style of a role.
  package struct Look: Sendable, Equatable {
    package var foreground: ThemeColor
    package var background: ThemeColor
    package var emphasis: Emphasis
  }

  package let name: String
  /// The styles given by the file and by the themes it inherits from.
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

  /// The resolved style of a role; without colours, its emphasis alone.
  package func look(_ role: StyleRole, depth: ColorDepth) -> Look {
    if depth == .none {
      return Look(foreground: .terminal, background: .terminal, emphasis: role.plainEmphasis)
    }
    return looks[role] ?? Look(foreground: .terminal, background: .terminal, emphasis: [])
  }
}
