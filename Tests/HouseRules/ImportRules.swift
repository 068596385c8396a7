// Rules about what a target may know of: imports point down, cores are free of the system.

/// An import as it is written, in whatever form.
struct Import: Equatable {
  let module: String
  let line: Int

  private static let kinds: Set<String> = [
    "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor",
  ]

  /// Sees through access levels, attributes and `import struct A.B`.
  static func all(in tokens: [Token]) -> [Import] {
    let code = tokens.filter { $0.kind != .comment }
    return code.indices.compactMap { index in
      guard code[index].is("import"), index == 0 || !code[index - 1].is(".") else { return nil }
      var name = index + 1
      if name < code.count, kinds.contains(code[name].text) { name += 1 }
      guard name < code.count, code[name].kind == .word else { return nil }
      let module = code[name].text.filter { $0 != "`" }
      return Import(module: module, line: code[index].line)
    }
  }
}

enum ImportRules {
  /// What a core would read the clock or roll dice with: both are parameters there.
  private static let ambientNames: Set<String> = [
    "ContinuousClock", "SuspendingClock", "DispatchTime", "Date", "clock_gettime", "gettimeofday",
    "SystemRandomNumberGenerator", "arc4random", "getrandom",
  ]
  private static let randomMethods: Set<String> = [
    "random", "randomElement", "shuffled", "shuffle",
  ]

  static func imports(_ file: SourceFile, table: LayerTable) -> [Violation] {
    guard let position = table.position(of: file.target), let layer = table.layer(of: file.target)
    else { return [file.violation(0, "the target `\(file.target)` is not in the layer table")] }
    return Import.all(in: SwiftLexer.tokens(of: file.text)).compactMap { item in
      let problem =
        if let imported = table.position(of: item.module) {
          targetProblem(item.module, imported, from: position, table)
        } else {
          systemProblem(item.module, in: file.target, layer)
        }
      return problem.map { file.violation(item.line, $0) }
    }
  }

  private static func targetProblem(
    _ module: String, _ imported: Int, from position: Int, _ table: LayerTable
  ) -> String? {
    let own = table.targets[position]
    let other = table.targets[imported]
    if imported >= position {
      return "`\(own.name)` (\(own.layer)) imports `\(module)` (\(other.layer)): that points up"
    }
    if other.layer == .c && !LayerTable.layersSeeingC.contains(own.layer) {
      return "`\(own.name)` (\(own.layer)) imports the C module `\(module)`: only edges do"
    }
    return nil
  }

  private static func systemProblem(
    _ module: String, in target: String, _ layer: Layer
  ) -> String? {
    if layer.systemModules.contains(module) { return nil }
    if LayerTable.foundationModules.contains(module)
      && LayerTable.foundationTargets.contains(target)
    {
      return nil
    }
    return "`\(target)` (\(layer)) may not import `\(module)`"
  }

  /// Cores and values take time and randomness from their caller.
  static func ambient(_ file: SourceFile, table: LayerTable) -> [Violation] {
    guard let layer = table.layer(of: file.target), layer == .cores || layer == .values else {
      return []
    }
    let code = SwiftLexer.tokens(of: file.text).filter { $0.kind != .comment }
    return code.indices.compactMap { index in
      let token = code[index]
      guard token.kind == .word else { return nil }
      if ambientNames.contains(token.text) && !isMember(index, code) {
        return file.violation(token.line, "`\(token.text)`: time and randomness are parameters")
      }
      if randomMethods.contains(token.text) && isMember(index, code)
        && !hasGenerator(after: index, code)
      {
        return file.violation(
          token.line, "`.\(token.text)` without `using:`: randomness is a parameter")
      }
      return nil
    }
  }

  private static func isMember(_ index: Int, _ code: [Token]) -> Bool {
    index > 0 && code[index - 1].is(".")
  }

  /// Looks for `using` in the parentheses of a call; a name without a call is no problem.
  private static func hasGenerator(after index: Int, _ code: [Token]) -> Bool {
    guard index + 1 < code.count, code[index + 1].is("(") else { return true }
    var depth = 0
    for token in code[(index + 1)...] {
      if token.is("(") { depth += 1 }
      if token.is(")") { depth -= 1 }
      if depth == 0 { return false }
      if depth == 1 && token.is("using") { return true }
    }
    return false
  }
}
