// The lines of one screen of `watch`, for a terminal of any size.

import AdminAPI
import Terminal

struct WatchScreen {
  /// What a line is, for how it looks.
  enum Style: Equatable {
    case plain, strong, titles
  }

  struct Line: Equatable {
    var text: String
    var style = Style.plain

    init(_ text: String, _ style: Style = .plain) { (self.text, self.style) = (text, style) }
  }

  /// Cells that the other columns of the tables of rooms and allocations need at most.
  private static let besideRoom = 60
  private static let besideUser = 64
  private static let nameCellsMin = 8

  let server: String
  let size: Terminal.Size
  /// Whether it is drawn again and again, over the whole terminal.
  var isLive = true

  /// - Parameters:
  ///   - sample: what there is; `nil` before the first answer.
  ///   - rates: how fast it goes; `nil` before the second.
  ///   - trouble: why there is nothing new.
  func lines(_ sample: Sample?, _ rates: Rates?, trouble: String? = nil) -> [Line] {
    var lines = [Line("parleyctl watch: \(server)", .strong)]
    if let sample { lines += summary(sample, rates) }
    if let trouble { lines.append(Line(trouble, .strong)) }
    lines.append(Line(""))
    if let sample {
      let rooms = sample.rooms.map { self.rooms($0, rates) } ?? []
      let allocations = allocations(sample.allocations, rates)
      // Each table gets half of what is left, and what the other one does not need.
      let left = max(0, size.rows - lines.count - 2)
      let first = min(rooms.count, max(left / 2, left - allocations.count))
      lines += Self.cut(rooms, to: first)
      if !rooms.isEmpty { lines.append(Line("")) }
      lines += Self.cut(allocations, to: max(0, size.rows - lines.count - 1))
    }
    lines = Array(lines.prefix(size.rows - 1))
    if isLive {
      lines += Array(repeating: Line(""), count: max(0, size.rows - 1 - lines.count))
      lines.append(Line("q ends"))
    }
    return lines.map { Line(fitted($0), $0.style) }
  }

  /// The titles of a live screen are a bar over all of its width.
  private func fitted(_ line: Line) -> String {
    let text = Table.fitted(line.text, to: size.columns)
    guard isLive, line.style == .titles else { return text }
    return text + String(repeating: " ", count: max(0, size.columns - Table.width(text)))
  }

  /// The last line says how much is not shown.
  private static func cut(_ lines: [Line], to count: Int) -> [Line] {
    guard lines.count > count, count > 0 else { return Array(lines.prefix(count)) }
    return lines.prefix(count - 1) + [Line("… and \(lines.count - count + 1) more")]
  }

  // MARK: Sums

  private func summary(_ sample: Sample, _ rates: Rates?) -> [Line] {
    let relay = sample.stats.relay
    var lines: [Line] = []
    if let signaling = sample.stats.signaling {
      let suspended = sample.rooms?.rooms.reduce(0) { $0 + $1.suspended } ?? 0
      lines.append(
        Line(
          "rooms \(signaling.rooms)   peers \(signaling.peers), \(suspended) suspended"
            + "   sockets \(signaling.sockets)   joins \(Self.perSecond(rates?.joined))"))
      lines.append(
        Line(
          "messages in \(Self.perSecond(rates?.received)), out \(Self.perSecond(rates?.sent))"
            + "   errors \(Self.perSecond(rates?.errors)),"
            + " of them too fast \(Self.perSecond(rates?.rateLimited))"))
    } else {
      lines.append(Line("this server has no rooms"))
    }
    lines.append(
      Line(
        "allocations \(relay.allocationsLive)"
          + "   clients in \(Self.bytes(rates?.fromClientsBytes))"
          + ", out \(Self.bytes(rates?.toClientsBytes))"
          + "   drops \(Self.perSecond(rates?.drops))"))
    return lines
  }

  // MARK: Tables

  private func rooms(_ document: RoomsDocument, _ rates: Rates?) -> [Line] {
    let rows = zip(document.rooms, rates?.rooms.map { $0 as Rates.Room? } ?? Self.none(document))
      .sorted { Self.order($0) > Self.order($1) }
    var table = Table([
      .left("ROOM"), .right("PEERS"), .right("SUSP"), .right("OPEN"), .right("HEARD"),
      .right("IN"), .right("OUT"), .right("QUEUED"),
    ])
    let cells = max(Self.nameCellsMin, size.columns - Self.besideRoom)
    for (room, rate) in rows {
      let name = room.tenant.isEmpty ? room.room : "\(room.tenant)/\(room.room)"
      table.rows.append([
        Table.fitted(Figures.printable(name), to: cells), String(room.peers),
        String(room.suspended), Figures.age(room.openSeconds),
        Figures.age(room.lastHeardSecondsAgo), Self.perSecond(rate?.received),
        Self.perSecond(rate?.sent), Figures.bytes(UInt64(clamping: room.queuedBytes)),
      ])
    }
    return Self.lines(table, omitted: document.omitted)
  }

  private static func none(_ document: RoomsDocument) -> [Rates.Room?] {
    document.rooms.map { _ in nil }
  }

  /// The busiest first, then the largest.
  private static func order(_ row: (RoomSummaryDocument, Rates.Room?)) -> (Double, Int) {
    ((row.1?.received ?? 0) + (row.1?.sent ?? 0), row.0.peers)
  }

  private func allocations(_ document: AllocationsDocument, _ rates: Rates?) -> [Line] {
    let speeds = rates?.allocations.map { $0 as Rates.Allocation? }
    let rows = zip(document.allocations, speeds ?? document.allocations.map { _ in nil })
      .sorted { Self.speed($0.1) > Self.speed($1.1) }
    var table = Table([
      .left("ALLOCATION"), .left("USER"), .left("CLIENT"), .right("AGE"), .right("IN"),
      .right("OUT"), .right("DROPS"),
    ])
    let cells = max(Self.nameCellsMin, size.columns - Self.besideUser)
    for (allocation, rate) in rows {
      table.rows.append([
        Figures.printable(String(allocation.id.prefix(8))),
        Table.fitted(Figures.printable(allocation.username), to: cells),
        Figures.printable(allocation.client), Figures.age(allocation.ageSeconds),
        Self.bytes(rate?.fromClientBytes), Self.bytes(rate?.toClientBytes),
        String(allocation.drops),
      ])
    }
    return Self.lines(table, omitted: document.omitted)
  }

  private static func speed(_ rate: Rates.Allocation?) -> Double {
    (rate?.fromClientBytes ?? 0) + (rate?.toClientBytes ?? 0)
  }

  private static func lines(_ table: Table, omitted: Int?) -> [Line] {
    let texts = table.text.split(separator: "\n").map(String.init)
    let more = omitted.map { [Line("… and \($0) more")] } ?? []
    return texts.enumerated().map { Line($1, $0 == 0 ? .titles : .plain) } + more
  }

  // MARK: Figures

  /// `12/s`, `0.4/s`; `-` when it is not known yet.
  static func perSecond(_ rate: Double?) -> String {
    guard let rate else { return "-" }
    guard rate > 0, rate < 9.95 else { return "\(Int64(rate.rounded()))/s" }
    let tenths = Int64((rate * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)/s"
  }

  static func bytes(_ rate: Double?) -> String {
    rate.map { Figures.bytes(UInt64($0.rounded())) + "/s" } ?? "-"
  }
}
