import ArgumentParser

/// The completion scripts, with what ArgumentParser's lack: the options and the models of the chat, which is the default
/// command, without its name before them; and for zsh no space after a folder.
///
/// Each change replaces a text of the generated script. Where that text is missing, the script stays as it is.
struct CompletionScript {
  private(set) var text: String

  /// The script for a shell.
  init(for shell: CompletionShell) {
    text = Sotto.completionScript(for: shell)
    switch shell {
    case .bash: adaptBash()
    case .zsh: adaptZsh()
    case .fish: adaptFish()
    default: break
    }
  }

  /// The shell of `--generate-completion-script SHELL`; nil for other arguments.
  static func shell(of arguments: [String]) -> CompletionShell? {
    guard arguments.count == 2, arguments[0] == "--generate-completion-script" else { return nil }
    return CompletionShell.allCases.first { $0.rawValue == arguments[1] }
  }

  private var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

  private mutating func replaceFirst(_ old: String, with new: String) {
    guard let range = text.firstRange(of: old) else { return }
    text.replaceSubrange(range, with: new)
  }

  /// The first line with this start after the first line with this text.
  private func line(startingWith start: String, after mark: String) -> String? {
    lines.drop { !$0.contains(mark) }.first { $0.drop { $0 == " " }.hasPrefix(start) }
      .map { String($0.drop { $0 == " " }) }
  }

  private static let model =
    #"---completion chat -- positional@0 "#

  private mutating func adaptBash() {
    let start = "_sotto_chat() {"
    for (name, empty) in [
      ("non_repeating_flags=(", "--version -h --help)"), ("non_repeating_options=(", ")"),
    ] {
      guard let chat = line(startingWith: name, after: start) else { continue }
      replaceFirst("local -a " + name + empty, with: "local -a " + chat)
    }
    // After a word that is no subcommand, everything is an argument of the chat.
    replaceFirst(
      "    *)\n        # Offer subcommand completions\n",
      with: """
            *)
                if [[ "${COMP_CWORD}" -gt 1 ]]; then
                    COMPREPLY=()
                    unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")
                    _sotto_chat
                    return
                fi
                # Offer models and subcommand completions
                [[ "${cur}" = -* ]] || __sotto_add_completions -W "$(__sotto_custom_complete \(Self.model)\
        "${COMP_CWORD}" "$(__sotto_cursor_index_in_current_word)")"

        """)
  }

  private mutating func adaptZsh() {
    let chat = lines.drop { !$0.hasPrefix("_sotto_chat()") }
    let specs = chat.drop { !$0.contains("arg_specs=(") }.dropFirst().prefix { $0 != "    )" }
      .filter { !$0.contains("':model:") && !$0.contains("'--version[") && !$0.contains("'(-h --help)'") }
    // The words that options take.
    let choices = chat.prefix { !$0.contains("arg_specs=(") }.filter { $0.hasPrefix("    local -ar ___") }
    let start = "    local -ar arg_specs=(\n"
    replaceFirst(start, with: choices.joined(separator: "\n") + "\n" + start)
    replaceFirst(
      "        '(-): :->command'\n",
      with: specs.joined(separator: "\n") + "\n        '(-): :->command'\n")
    let model =
      #"__sotto_custom_complete \#(Self.model)"${current_word_index}" "$(__sotto_cursor_index_in_current_word)""#
    let describe = "        _describe -V subcommand subcommands && ret=0\n"
    replaceFirst(describe, with: describe + "        \(model) && ret=0\n")
    let call = "            \"_sotto_${words[1]}\" && ret=0\n            ;;\n"
    // After a model there are the options of the chat, and no other model.
    let options = #"_arguments -w -s -S : "${(@)arg_specs:#*->*}" && ret=0"#
    replaceFirst(call, with: call + "        *)\n            \(options)\n            ;;\n")
    replaceFirst(
      #"    local -ar non_empty_completions=("${@:#(|:*)}")"#,
      with: #"""
            local -ar folders=("${(M)@:#*/}")
            (( ${#folders} )) && compadd -S '' -- "${folders[@]//\\:/:}"
            local -ar non_empty_completions=("${@:#(|:*|*/)}")
        """#)
  }

  private mutating func adaptFish() {
    // A model is the only argument of the chat.
    let last = "        case 'help'\n            __sotto_parse_subcommand -r 1 'version'\n"
    replaceFirst(
      last,
      with: last + """
                case '*'
                    test (count $unparsed_tokens) -gt 0; and set positional_index 2

        """)
    if let chat = line(startingWith: "__sotto_parse_subcommand 1 ", after: "case 'chat'") {
      replaceFirst(
        "__sotto_parse_subcommand 0 'version' 'h/help'",
        with: "__sotto_parse_subcommand 0 " + chat.dropFirst("__sotto_parse_subcommand 1 ".count))
    }
    let copies = lines.filter { line in
      line.hasPrefix("complete -c 'sotto'") && line.contains(#""sotto chat""#)
        && !line.contains(#""sotto chat" version'"#) && !line.contains(#""sotto chat" h help'"#)
    }.map { $0.replacing(#""sotto chat""#, with: #""sotto""#) }
    text += (text.hasSuffix("\n") ? "" : "\n") + copies.joined(separator: "\n") + "\n"
  }
}
