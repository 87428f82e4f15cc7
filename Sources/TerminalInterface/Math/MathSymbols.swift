/// The symbols of LaTeX commands without arguments. Relations and binary operators have spaces on both sides.
package enum MathSymbols {
  /// Names that are set upright and written as they are.
  static let functions: Set<String> = [
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log",
    "ln",
    "lg", "exp", "lim", "max", "min", "sup", "inf", "arg", "det", "dim", "ker", "gcd", "deg", "hom", "Pr",
    "mod",
    "limsup", "liminf", "argmax", "argmin",
  ]

  static let named: [String: String] = letters.merging(relations) { $1 }.merging(others) { $1 }

  private static let letters = [
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "varpi": "ϖ", "rho": "ρ", "varrho": "ϱ", "sigma": "σ", "varsigma": "ς", "tau": "τ",
    "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ",
    "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ", "hbar": "ℏ", "Re": "ℜ", "Im": "ℑ", "aleph": "ℵ", "wp": "℘",
    "partial": "∂", "nabla": "∇", "infty": "∞", "emptyset": "∅", "varnothing": "∅", "imath": "ı",
    "jmath": "ȷ",
  ]

  private static let relations = [
    "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "ne": "≠", "neq": "≠",
    "approx": "≈", "equiv": "≡", "sim": "∼", "simeq": "≃", "cong": "≅", "propto": "∝", "ll": "≪", "gg": "≫",
    "in": "∈", "notin": "∉", "ni": "∋", "subset": "⊂", "subseteq": "⊆", "supset": "⊃", "supseteq": "⊇",
    "to": "→", "rightarrow": "→", "leftarrow": "←", "gets": "←", "leftrightarrow": "↔", "Rightarrow": "⇒",
    "implies": "⟹", "Leftarrow": "⇐", "Leftrightarrow": "⇔", "iff": "⟺", "mapsto": "↦",
    "longrightarrow": "⟶", "Longrightarrow": "⟹", "hookrightarrow": "↪", "uparrow": "↑", "downarrow": "↓",
    "mid": "|", "parallel": "∥", "perp": "⊥", "vdash": "⊢", "models": "⊨", "prec": "≺", "succ": "≻",
    "coloneqq": "≔", "asymp": "≍", "doteq": "≐", "pm": "±", "mp": "∓", "times": "×", "div": "÷", "cup": "∪",
    "cap": "∩", "setminus": "∖", "wedge": "∧", "land": "∧", "vee": "∨", "lor": "∨", "oplus": "⊕",
    "otimes": "⊗", "odot": "⊙", "bmod": "mod", "cdot": "·", "circ": "∘", "lt": "<", "gt": ">",
  ].mapValues { " \($0) " }

  private static let others = [
    "bullet": "•", "star": "⋆", "ast": "∗", "dagger": "†", "sum": "∑", "prod": "∏",
    "coprod": "∐", "int": "∫", "iint": "∬", "iiint": "∭", "oint": "∮", "bigcup": "⋃", "bigcap": "⋂",
    "bigoplus": "⨁", "bigwedge": "⋀", "bigvee": "⋁", "forall": "∀", "exists": "∃", "nexists": "∄", "neg": "¬",
    "lnot": "¬", "top": "⊤", "bot": "⊥", "angle": "∠", "triangle": "△", "degree": "°", "prime": "′",
    "ldots": "…", "dots": "…", "cdots": "⋯", "vdots": "⋮", "ddots": "⋱", "dotsc": "…", "dotsb": "⋯",
    "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "lbrace": "{",
    "rbrace": "}", "lvert": "|", "rvert": "|", "vert": "|", "lVert": "‖", "rVert": "‖", "Vert": "‖",
    "backslash": "\\", "quad": "  ", "qquad": "    ", "therefore": "∴", "because": "∵", "checkmark": "✓",
    "square": "□", "blacksquare": "■", "qed": "∎", "P": "¶", "S": "§", "pounds": "£", "euro": "€",
    "surd": "√", "colon": ":", "nonumber": "", "notag": "", "hline": "", "cdotp": "·",
  ]
}
