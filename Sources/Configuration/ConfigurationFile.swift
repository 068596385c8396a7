// Reads the options out of a JSON5 file.

extension OptionTable {
  /// Reads the keys of a file. Each is the name of an option without dashes in front.
  func fileValues(
    path: String, reader: (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> [String: RawValues] {
    let shownPath = Quoted.text(path)
    var result: [String: RawValues] = [:]
    let content = try JSON5File.object(
      of: path, named: "--config", like: "{ \"listen\": […], … }", reader)
    for (key, value) in content.sorted(by: { $0.key < $1.key }) {
      guard let option = option(named: key), option.isInFile else {
        throw unknown("\(shownPath): \(Quoted.text(key))", name: String(key.drop { $0 == "-" })) {
          "\"\($0)\""
        }
      }
      let source = ValueSource.file(path: shownPath, key: key)
      result[key] = RawValues(values: try values(value, of: option, source), source: source)
    }
    return result
  }

  private func values(
    _ value: FileValue, of option: Option<Settings>, _ source: ValueSource
  ) throws(ConfigurationError) -> [String] {
    switch (option.arity, value) {
    case (.toggle, .toggle(let isOn)): return [isOn ? "true" : "false"]
    case (.toggle, _): throw ConfigurationError("\(source.text): not true or false")
    case (.single, .text(let text)), (.list, .text(let text)): return [text]
    case (.list, .list(let values)):
      var texts: [String] = []
      for value in values {
        guard case .text(let text) = value else {
          throw ConfigurationError("\(source.text): the list holds something else than text")
        }
        texts.append(text)
      }
      return texts
    case (.single, _): throw ConfigurationError("\(source.text): not a text or a number")
    case (.list, _): throw ConfigurationError("\(source.text): not a text or a list of texts")
    }
  }
}
