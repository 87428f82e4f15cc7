// Made by themes/embed.py from themes/*.toml; do not edit.

/// The themes that come with the program, the default first.
package enum ShippedThemes {
  package static let all: [(name: String, text: String)] = [
    (
      "night",
      #"""
      # Night: a dark theme. It sets backgrounds only for code, menus and the status line.
      # An empty colour ("") is the default colour of the terminal. plain.toml lists all roles.

      [palette]
      ink = "#c8ccd8"
      faint = "#7a8090"
      shade = "#232733"
      panel = "#1b1e28"
      rose = "#e58fa1"
      gold = "#e3b876"
      leaf = "#9cc98c"
      sea = "#7fb8d8"
      violet = "#b49be0"

      [roles]
      text = "ink"
      dim = "faint"
      accent = "sea"
      error = { fg = "rose", bold = true }
      warning = "gold"
      success = "leaf"

      user = { fg = "#e6e9f2" }
      user-mark = { fg = "gold", bold = true }
      assistant-mark = { fg = "violet", bold = true }
      reasoning = { fg = "faint", italic = true }
      notice = "faint"

      heading = { fg = "violet", bold = true }
      link = { fg = "sea", underline = true }
      quote = { fg = "#9aa3b8", italic = true }
      rule = "#4a5062"
      list-mark = "violet"
      table-border = "#4a5062"

      code-inline = { fg = "gold" }
      code = { fg = "#d3d7e3", bg = "panel" }
      code-label = { fg = "faint", bg = "panel" }
      code-keyword = { fg = "violet", bg = "panel" }
      code-string = { fg = "leaf", bg = "panel" }
      code-number = { fg = "gold", bg = "panel" }
      code-comment = { fg = "faint", bg = "panel", italic = true }

      prompt = { fg = "gold", bold = true }
      composer = "#e6e9f2"
      placeholder = "faint"
      chip = { fg = "panel", bg = "sea" }

      menu = { fg = "ink", bg = "panel" }
      menu-detail = { fg = "faint", bg = "panel" }
      menu-selected = { fg = "#ffffff", bg = "#3a4160" }

      status = { fg = "ink", bg = "shade" }
      status-dim = { fg = "faint", bg = "shade" }
      status-busy = { fg = "gold", bg = "shade", bold = true }
      status-good = { fg = "leaf", bg = "shade" }
      """#
    ),
    (
      "day",
      #"""
      # Day: for terminals with a light background.

      inherits = "night"

      [palette]
      ink = "#2b303b"
      faint = "#7d8390"
      shade = "#e2e5ec"
      panel = "#f0f2f6"
      rose = "#b3364f"
      gold = "#8a5a00"
      leaf = "#2f7030"
      sea = "#1c6390"
      violet = "#6440a0"

      [roles]
      text = "ink"
      dim = "faint"
      accent = "sea"
      error = { fg = "rose", bold = true }
      warning = "gold"
      success = "leaf"

      user = { fg = "#101318" }
      user-mark = { fg = "gold", bold = true }
      assistant-mark = { fg = "violet", bold = true }
      reasoning = { fg = "faint", italic = true }
      notice = "faint"

      heading = { fg = "violet", bold = true }
      link = { fg = "sea", underline = true }
      quote = { fg = "#565d6b", italic = true }
      rule = "#b9bfca"
      list-mark = "violet"
      table-border = "#b9bfca"

      code-inline = { fg = "gold" }
      code = { fg = "ink", bg = "panel" }
      code-label = { fg = "faint", bg = "panel" }
      code-keyword = { fg = "violet", bg = "panel" }
      code-string = { fg = "leaf", bg = "panel" }
      code-number = { fg = "gold", bg = "panel" }
      code-comment = { fg = "faint", bg = "panel", italic = true }

      prompt = { fg = "gold", bold = true }
      composer = "#101318"
      placeholder = "faint"
      chip = { fg = "#ffffff", bg = "sea" }

      menu = { fg = "ink", bg = "panel" }
      menu-detail = { fg = "faint", bg = "panel" }
      menu-selected = { fg = "#101318", bg = "#cdd6ea" }

      status = { fg = "ink", bg = "shade" }
      status-dim = { fg = "faint", bg = "shade" }
      status-busy = { fg = "gold", bg = "shade", bold = true }
      status-good = { fg = "leaf", bg = "shade" }
      """#
    ),
    (
      "plain",
      #"""
      # Plain: the sixteen colours of the terminal's palette. All roles are listed here; a role may set fg, bg, bold, dim,
      # italic, underline and reverse.

      [roles]
      text = ""
      dim = { fg = "", dim = true }
      accent = "cyan"
      error = { fg = "red", bold = true }
      warning = "yellow"
      success = "green"

      user = { fg = "", bold = true }
      user-mark = { fg = "yellow", bold = true }
      assistant-mark = { fg = "cyan", bold = true }
      reasoning = { fg = "", dim = true, italic = true }
      notice = { fg = "", dim = true }

      heading = { fg = "cyan", bold = true }
      link = { fg = "blue", underline = true }
      quote = { fg = "", italic = true }
      rule = { fg = "", dim = true }
      list-mark = "cyan"
      table-border = { fg = "", dim = true }

      code-inline = "yellow"
      code = ""
      code-label = { fg = "", dim = true }
      code-keyword = "magenta"
      code-string = "green"
      code-number = "yellow"
      code-comment = { fg = "", dim = true }

      prompt = { fg = "yellow", bold = true }
      composer = ""
      placeholder = { fg = "", dim = true }
      chip = { fg = "", reverse = true }

      menu = ""
      menu-detail = { fg = "", dim = true }
      menu-selected = { fg = "", reverse = true }

      status = { fg = "", reverse = true }
      status-dim = { fg = "", reverse = true }
      status-busy = { fg = "", reverse = true, bold = true }
      status-good = { fg = "", reverse = true }
      """#
    ),
  ]
}
