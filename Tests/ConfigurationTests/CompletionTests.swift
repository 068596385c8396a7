// The scripts that complete a command line name all that the table has.

import Testing

@testable import Configuration

@Suite struct CompletionTests {
  private struct Nothing: Sendable {}

  private let table = OptionTable<Nothing>(
    program: "tea-maker", summary: "makes tea", environmentPrefix: "TEA", readsFile: true,
    groups: [
      OptionGroup(
        "Options",
        [
          .value("cup", "FILE", help: "Whose: Ann's [or] Ben's.") { _, _ in },
          .value("sugar", "LUMPS", help: "How sweet.") { _, _ in },
          .toggle("hot", help: "Hot.") { _ in },
        ])
    ],
    arguments: .init(
      "COMMAND",
      commands: [
        CommandWord("brew", ["KIND"], choices: ["green", "black"], help: "Makes it."),
        CommandWord("pour", help: "Ann's turn."),
      ]
    ) { _, _ in })

  @Test(arguments: Shell.allCases)
  func `Every command, choice and option is in the script`(shell: Shell) {
    let script = table.completion(for: shell)
    for word in ["brew", "pour", "green", "black", "cup", "sugar", "hot", "config", "help"] {
      #expect(script.contains(word), "\(word)")
    }
    #expect(script.hasSuffix("\n") && script.contains("tea-maker"))
  }

  @Test func `bash completes files after an option that takes one, and nothing after others`() {
    let script = table.completion(for: .bash)
    #expect(script.contains("--cup|--config) COMPREPLY=($(compgen -f"))
    #expect(script.contains("--sugar) return"))
    #expect(script.contains("brew) COMPREPLY=($(compgen -W 'green black'"))
    #expect(script.contains("complete -F _tea_maker tea-maker"))
  }

  @Test func `What a shell takes for itself is escaped`() {
    let zsh = table.completion(for: .zsh)
    #expect(zsh.contains(#"'--cup[Whose\: Ann'\''s \[or\] Ben'\''s.]:FILE:_files'"#))
    #expect(table.completion(for: .fish).contains(#"-l cup -r -F -d 'Whose: Ann\'s [or] Ben\'s.'"#))
  }

  @Test func `Help lists the commands with what has to follow`() {
    let help = table.help
    #expect(help.contains("\nCommands:\n  brew KIND                 Makes it.\n"))
    #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }
}
