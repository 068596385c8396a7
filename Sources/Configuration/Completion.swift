// Writes the scripts by which shells complete a program's command line, from its table.

/// A shell that there is a completion script for.
public enum Shell: String, CaseIterable, Sendable {
  case bash, zsh, fish
}

extension OptionTable {
  /// A script for `shell` to read: it completes commands, what follows them where that is one of a
  /// few words, and options; and file names after an option that takes a file.
  public func completion(for shell: Shell) -> String {
    switch shell {
    case .bash: bashCompletion
    case .zsh: zshCompletion
    case .fish: fishCompletion
    }
  }

  private var commands: [CommandWord] { arguments?.commands ?? [] }
  private var valued: [Option<Settings>] { options.filter { $0.arity != .toggle } }
  /// Shells have functions of this name; `-` may not be in it everywhere.
  private var identifier: String { String(program.map { $0 == "-" ? "_" : $0 }) }

  private func takesFile(_ option: Option<Settings>) -> Bool {
    ["FILE", "PATH"].contains(option.placeholder)
  }

  // MARK: bash

  private var bashCompletion: String {
    let cases = commands.filter { !$0.choices.isEmpty }.map { command in
      let choices = command.choices.joined(separator: " ")
      return "    \(command.word)) COMPREPLY=($(compgen -W '\(choices)' -- \"$word\")) ;;\n"
    }.joined()
    let words = commands.map(\.word).joined(separator: " ")
    return """
      # Completion of \(program) for bash; to be read by `source`.
      _\(identifier)() {
        local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= index
        COMPREPLY=()
        case $before in
          \(pattern(valued.filter(takesFile)))) COMPREPLY=($(compgen -f -- "$word")); return ;;
          \(pattern(valued.filter { !takesFile($0) }))) return ;;
        esac
        if [[ $word == -* ]]; then
          COMPREPLY=($(compgen -W '\(options.map(\.flag).joined(separator: " "))' -- "$word"))
          return
        fi
        for ((index = 1; index < COMP_CWORD; index++)); do
          case ${COMP_WORDS[index]} in
            \(pattern(valued))) ((index++)) ;;
            -*) ;;
            *) command=${COMP_WORDS[index]}; break ;;
          esac
        done
        case $command in
          '') COMPREPLY=($(compgen -W '\(words)' -- "$word")) ;;
      \(cases)  esac
      }
      complete -F _\(identifier) \(program)

      """
  }

  /// A pattern of bash for some options; one that nothing fits when there are none.
  private func pattern(_ options: [Option<Settings>]) -> String {
    options.isEmpty ? "--" : options.map(\.flag).joined(separator: "|")
  }

  // MARK: zsh

  private var zshCompletion: String {
    let specifications = options.map { option in
      let value =
        option.arity == .toggle
        ? "" : ":\(zshText(option.placeholder)):\(takesFile(option) ? "_files" : "")"
      let again = option.arity == .list ? "*" : ""
      return "  '\(again)\(option.flag)[\(zshText(option.help))]\(value)'"
    }
    let words = commands.map { "    '\(zshText($0.word)):\(zshText($0.help))'" }
    let cases = commands.filter { !$0.choices.isEmpty }.map {
      "      \($0.word)) compadd -- \($0.choices.joined(separator: " ")) ;;"
    }
    return """
      #compdef \(program)
      # Completion of \(program) for zsh; as _\(program) in a folder of fpath, or read by `source`.
      _\(identifier)() {
        local -a commands options
        commands=(
      \(words.joined(separator: "\n"))
        )
        options=(
      \(specifications.map { "  " + $0 }.joined(separator: "\n"))
        )
        _arguments -C "${options[@]}" '1:command:->command' '*::word:->word'
        case $state in
          command) _describe command commands ;;
          word)
            case $words[1] in
      \(cases.joined(separator: "\n"))
            esac ;;
        esac
      }
      if [[ $funcstack[1] == _\(identifier) ]]; then
        _\(identifier) "$@"
      else
        compdef _\(identifier) \(program)
      fi

      """
  }

  /// What a specification of `_arguments` takes for itself is escaped.
  private func zshText(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "'": result += "'\\''"
      case "[", "]", ":", "\\": result += "\\\(character)"
      default: result.append(character)
      }
    }
  }

  // MARK: fish

  private var fishCompletion: String {
    let names = commands.map(\.word).joined(separator: " ")
    var lines = [
      "# Completion of \(program) for fish; as \(program).fish in a folder of completions.",
      "complete -c \(program) -f",
    ]
    for command in commands {
      lines.append(
        "complete -c \(program) -n 'not __fish_seen_subcommand_from \(names)'"
          + " -a \(command.word) -d \(fishText(command.help))")
      if !command.choices.isEmpty {
        lines.append(
          "complete -c \(program) -n '__fish_seen_subcommand_from \(command.word)'"
            + " -a '\(command.choices.joined(separator: " "))'")
      }
    }
    for option in options {
      let value = option.arity == .toggle ? "" : takesFile(option) ? " -r -F" : " -x"
      lines.append(
        "complete -c \(program) -l \(option.name)\(value) -d \(fishText(option.help))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func fishText(_ text: String) -> String {
    let escaped = text.reduce(into: "") { result, character in
      if character == "'" || character == "\\" { result.append("\\") }
      result.append(character)
    }
    return "'\(escaped)'"
  }
}
