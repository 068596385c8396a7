// Makes options of a turnserver.conf, and tells what it could not.

internal import NetTypes

/// What a turnserver.conf comes to.
struct TurnserverTranslation {
  /// A key that was read and not served.
  struct Note: Equatable {
    let line: Int
    let key: String
    let reason: String
  }

  private(set) var values: [String: RawValues] = [:]
  private(set) var notes: [Note] = []

  private let table: OptionTable<ServerConfiguration>
  private let path: String
  private let entries: [TurnserverEntry]

  /// - Parameter path: as messages show it.
  /// - Throws: for a value that is malformed, with its line: a server that starts without a rule
  ///   it was given does what nobody asked for.
  init(
    _ text: String, path: String, for table: OptionTable<ServerConfiguration>
  ) throws(ConfigurationError) {
    self.table = table
    self.path = path
    entries = TurnserverFile.entries(text)
    for entry in entries { try take(entry) }
    try takeListeners()
    try takeRelay()
    try takePeers()
    try takeOthers()
  }

  private func all(_ key: String) -> [TurnserverEntry] { entries.filter { $0.key == key } }

  /// coturn lets the last line win where there is one value.
  private func last(_ key: String) -> TurnserverEntry? { entries.last { $0.key == key } }

  private func isOn(_ key: String) throws(ConfigurationError) -> Bool {
    guard let entry = last(key) else { return false }
    return try isOn(entry)
  }

  private func isOn(_ entry: TurnserverEntry) throws(ConfigurationError) -> Bool {
    guard let isOn = entry.isOn else { throw refusal(entry, .isNot("on or off")) }
    return isOn
  }

  private func source(_ entry: TurnserverEntry) -> ValueSource {
    .turnserver(path: path, line: entry.line, key: entry.key)
  }

  private func refusal(_ entry: TurnserverEntry, _ error: MalformedValue) -> ConfigurationError {
    ConfigurationError("\(source(entry).text): \(Quoted.text(entry.value)) \(error.predicate)")
  }

  private mutating func note(_ entry: TurnserverEntry, _ reason: String) {
    notes.append(Note(line: entry.line, key: entry.key, reason: reason))
  }

  // MARK: One by one

  private mutating func take(_ entry: TurnserverEntry) throws(ConfigurationError) {
    switch TurnserverKeys.all[entry.key] {
    case .option(let name): try give(name, entry.value, from: entry)
    case .toggle(let name):
      if try isOn(entry) { try give(name, "true", from: entry) }
    case .unserved(let reason):
      if entry.isOn != false { note(entry, reason) }
    case .refused(let reason):
      guard try isOn(entry) else { return }
      throw ConfigurationError("\(source(entry).text) is not served: \(reason)")
    case .part, .always: break
    case nil:
      let near = Suggestion.nearest(to: entry.key, among: Array(TurnserverKeys.all.keys))
      note(entry, "no key of coturn's" + (near.map { "; did you mean \($0)?" } ?? ""))
    }
  }

  /// Puts a value to an option, or refuses it with its line.
  private mutating func give(
    _ name: String, _ value: String, from entry: TurnserverEntry
  ) throws(ConfigurationError) {
    guard let option = table.option(named: name) else {
      return note(entry, "not served")
    }
    var trial = ServerConfiguration()
    try table.set(option, value, source(entry), &trial)
    if option.arity == .list, let earlier = values[name] {
      values[name] = RawValues(values: earlier.values + [value], source: earlier.source)
    } else {
      values[name] = RawValues(values: [value], source: source(entry))
    }
  }

  // MARK: Several together

  /// Each transport at each address: coturn's `listening-ip` and its two ports. Without a
  /// `listening-ip` it listens at all IPv4 addresses.
  private mutating func takeListeners() throws(ConfigurationError) {
    let named = all("listening-ip")
    var hosts: [(IPAddress, TurnserverEntry)] = []
    for entry in named {
      guard let ip = IPAddress(entry.value) else {
        throw refusal(entry, .isNot("an IP address, such as 192.0.2.7"))
      }
      hosts.append((ip, entry))
    }
    if hosts.isEmpty {
      let everywhere = TurnserverEntry(key: "listening-ip", value: "0.0.0.0", line: 0)
      hosts = [(IPAddress(v4: 0), last("listening-port") ?? everywhere)]
    }
    let port = try port("listening-port") ?? 3_478
    let securePort = try self.port("tls-listening-port") ?? 5_349
    let hasKeys = last("cert") != nil && last("pkey") != nil
    var transports: [(Transport, UInt16)] = []
    if try !isOn("no-udp") { transports.append((.udp, port)) }
    if try !isOn("no-tcp") { transports.append((.tcp, port)) }
    if hasKeys {
      if try !isOn("no-tls") { transports.append((.tls, securePort)) }
      if try isOn("dtls") { transports.append((.dtls, securePort)) }
    }
    guard let entry = transports.isEmpty ? last("no-udp") : hosts.first?.1 else { return }
    guard !transports.isEmpty else {
      throw ConfigurationError("\(source(entry).text): no transport is left to listen with")
    }
    for (transport, port) in transports {
      for (ip, entry) in hosts {
        let text = "\(transport.text):\(SocketAddress(ip, port: port).text)"
        // What a listener may be, its own option knows.
        guard (try? OptionValues.listener(text)) != nil else {
          note(entry, "\(transport.text) is not served")
          continue
        }
        try give("listen", text, from: entry)
      }
    }
  }

  private func port(_ key: String) throws(ConfigurationError) -> UInt16? {
    guard let entry = last(key) else { return nil }
    guard let port = UInt16(entry.value), port > 0 else {
      throw refusal(entry, .isNot("a port from 1 to 65535"))
    }
    return port
  }

  private mutating func takeRelay() throws(ConfigurationError) {
    if let entry = last("min-port") ?? last("max-port") {
      let first = try port("min-port") ?? PortRange.dynamic.first
      let last = try port("max-port") ?? PortRange.dynamic.last
      guard first <= last else {
        throw ConfigurationError(
          "\(source(entry).text): min-port \(first) is above max-port \(last)")
      }
      try give("port-range", "\(first)-\(last)", from: entry)
    }
  }

  /// In coturn an allowed peer is allowed whatever is denied; here the more specific rule wins. So
  /// the allowed ranges are cut out of the denied ones.
  private mutating func takePeers() throws(ConfigurationError) {
    let allowed = try ranges("allowed-peer-ip")
    for (range, entry) in allowed {
      for block in range.blocks { try giveBlock("allow-peer", block, from: entry) }
    }
    if let entry = last("allow-loopback-peers"), try isOn(entry) {
      for block in ["127.0.0.0/8", "::1/128"] { try give("allow-peer", block, from: entry) }
    }
    for (range, entry) in try ranges("denied-peer-ip") {
      let rest = allowed.reduce([range]) { rest, allowed in
        rest.flatMap { $0.subtracting(allowed.0) }
      }
      for block in rest.flatMap(\.blocks) { try giveBlock("deny-peer", block, from: entry) }
    }
  }

  private func ranges(_ key: String) throws(ConfigurationError) -> [(
    AddressRange, TurnserverEntry
  )] {
    var ranges: [(AddressRange, TurnserverEntry)] = []
    for entry in all(key) {
      guard let range = AddressRange(entry.value) else {
        throw refusal(entry, .isNot("an address, or a range such as 10.0.0.0-10.255.255.255"))
      }
      ranges.append((range, entry))
    }
    return ranges
  }

  private mutating func giveBlock(
    _ name: String, _ block: CIDR, from entry: TurnserverEntry
  ) throws(ConfigurationError) {
    guard values[name]?.values.contains(block.text) != true else { return }
    try give(name, block.text, from: entry)
  }

  private mutating func takeOthers() throws(ConfigurationError) {
    // 0 is no limit there, and none of ours.
    if let entry = last("total-quota"), entry.value != "0" {
      try give("total-quota", entry.value, from: entry)
    }
    if let entry = last("rest-api-separator") {
      try give("rest-separator", String(entry.value.prefix(1)), from: entry)
    }
    if let entry = last("relay-threads") {
      // 0 is one thread there.
      try give("threads", entry.value == "0" ? "1" : entry.value, from: entry)
    }
    if let entry = last("keep-address-family"), try isOn(entry) {
      try give("default-family", "keep", from: entry)
    }
    if let entry = last("Verbose"), try isOn(entry) { try give("log-level", "debug", from: entry) }
  }
}
