// Made by themes/embed.py from themes/*.toml; do not edit.

/// The themes that come with the program, the default first.
package enum ShippedThemes {
  package static let all: [(name: String, summary: String, text: String)] = [
    (
      "night", "dark",
      #"""
      # Night: dark. Text has the terminal's own colours (""); only code, menus and the status line have a
      # background. plain.toml lists all roles; a theme that inherits this one can change the palette alone.

      [palette]
      faint = "#8f96a8"
      line = "#5a6175"
      shade = "#232733"
      panel = "#1b1e28"
      ink = "#d3d7e3"
      rose = "#f09aac"
      gold = "#e3b876"
      leaf = "#9cc98c"
      sea = "#7fb8d8"
      violet = "#bda6e8"
      marked = "#ffffff"
      mark = "#3a4160"

      [roles]
      text = ""
      dim = "faint"
      accent = "sea"
      error = { fg = "rose", bold = true }
      warning = "gold"
      success = "leaf"

      user = { fg = "", bold = true }
      user-mark = { fg = "gold", bold = true }
      assistant-mark = "faint"
      reasoning = { fg = "faint", italic = true }
      notice = "faint"

      heading = "violet"
      link = { fg = "sea", underline = true }
      quote = { fg = "faint", italic = true }
      rule = "line"
      list-mark = "violet"
      table-border = "line"

      code-inline = "gold"
      code = { fg = "ink", bg = "panel" }
      code-label = { fg = "faint", bg = "panel" }
      code-keyword = { fg = "violet", bg = "panel" }
      code-string = { fg = "leaf", bg = "panel" }
      code-number = { fg = "gold", bg = "panel" }
      code-comment = { fg = "faint", bg = "panel", italic = true }

      prompt = { fg = "gold", bold = true }
      composer = ""
      placeholder = "faint"
      chip = { fg = "panel", bg = "sea" }

      menu = { fg = "ink", bg = "panel" }
      menu-detail = { fg = "faint", bg = "panel" }
      menu-selected = { fg = "marked", bg = "mark" }

      status = { fg = "ink", bg = "shade" }
      status-dim = { fg = "faint", bg = "shade" }
      status-busy = { fg = "gold", bg = "shade", bold = true }
      status-good = { fg = "leaf", bg = "shade" }
      status-warning = { fg = "rose", bg = "shade", bold = true }
      """#
    ),
    (
      "day", "light",
      #"""
      # Day: light.

      inherits = "night"

      [palette]
      faint = "#5d6475"
      line = "#9aa1b2"
      shade = "#dfe3ec"
      panel = "#eef0f5"
      ink = "#23262f"
      rose = "#a8213c"
      gold = "#7a5200"
      leaf = "#2c6416"
      sea = "#0f5c85"
      violet = "#5b3a9e"
      marked = "#ffffff"
      mark = "#3d4f8a"
      """#
    ),
    (
      "dusk", "dark, with warm colours",
      #"""
      # Dusk: dark, with warm colours.

      inherits = "night"

      [palette]
      faint = "#a89984"
      line = "#665c54"
      shade = "#32302f"
      panel = "#282625"
      ink = "#ebdbb2"
      rose = "#fb8072"
      gold = "#fabd2f"
      leaf = "#b8bb26"
      sea = "#8ec07c"
      violet = "#e0a0b0"
      marked = "#fbf1c7"
      mark = "#504945"
      """#
    ),
    (
      "paper", "light, with warm colours",
      #"""
      # Paper: light, with warm colours.

      inherits = "night"

      [palette]
      faint = "#6b5f52"
      line = "#b0a48f"
      shade = "#e6dfcf"
      panel = "#f0eadc"
      ink = "#2f2a24"
      rose = "#9d1f24"
      gold = "#7d4e00"
      leaf = "#4d5f0a"
      sea = "#0b5d63"
      violet = "#7a2c6a"
      marked = "#fdf8ec"
      mark = "#5c4a32"
      """#
    ),
    (
      "contrast", "high contrast on black",
      #"""
      # Contrast: high contrast on black. It is at least 7 to 1 between text and background.

      inherits = "night"

      [palette]
      faint = "#c8c8c8"
      line = "#a0a0a0"
      shade = "#000000"
      panel = "#000000"
      ink = "#ffffff"
      rose = "#ff9fb0"
      gold = "#ffd75f"
      leaf = "#8fff8f"
      sea = "#87d7ff"
      violet = "#e0b8ff"
      marked = "#000000"
      mark = "#ffd75f"
      """#
    ),
    (
      "clear", "dark, for any colour blindness",
      #"""
      # Clear: dark, for any colour blindness. The colours are those of Okabe and Ito's palette, made lighter.

      inherits = "night"

      [palette]
      faint = "#a0a4ac"
      line = "#666b75"
      shade = "#22252b"
      panel = "#1a1c21"
      ink = "#e6e6e6"
      rose = "#f08a4b"
      gold = "#f0e442"
      leaf = "#56b4e9"
      sea = "#56b4e9"
      violet = "#e69fc8"
      marked = "#000000"
      mark = "#f0e442"
      """#
    ),
    (
      "plain", "the terminal's own sixteen colours",
      #"""
      # Plain: the terminal's own sixteen colours. All roles are listed here; a role may set fg, bg, bold, dim,
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
      assistant-mark = { fg = "", dim = true }
      reasoning = { fg = "", dim = true, italic = true }
      notice = { fg = "", dim = true }

      heading = "cyan"
      link = { fg = "cyan", underline = true }
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
      status-warning = { fg = "", reverse = true, bold = true }
      """#
    ),
    (
      "mono", "no colours",
      #"""
      # Mono: no colours. Roles differ by bold, dim, italic, underlined and reversed text.

      [roles]
      text = ""
      dim = { fg = "", dim = true }
      accent = ""
      error = { fg = "", bold = true }
      warning = { fg = "", bold = true }
      success = ""
      user = { fg = "", bold = true }
      user-mark = { fg = "", bold = true }
      assistant-mark = { fg = "", dim = true }
      reasoning = { fg = "", dim = true, italic = true }
      notice = { fg = "", dim = true }
      heading = { fg = "", bold = true }
      link = { fg = "", underline = true }
      quote = { fg = "", italic = true }
      rule = { fg = "", dim = true }
      list-mark = ""
      table-border = { fg = "", dim = true }
      code-inline = { fg = "", bold = true }
      code = ""
      code-label = { fg = "", dim = true }
      code-keyword = { fg = "", bold = true }
      code-string = ""
      code-number = ""
      code-comment = { fg = "", dim = true }
      prompt = { fg = "", bold = true }
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
      status-warning = { fg = "", reverse = true, bold = true }
      """#
    ),
  ]
}
