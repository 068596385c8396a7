// The look at DTLS record headers, held against a second one that is written otherwise.

import STUN

enum DTLSTarget {
  static func run(_ input: [UInt8]) throws(Finding) {
    let here = DTLSDatagram(input.span, in: 0..<input.count)
    let moved = [22, 0xfe, 0xfd] + input + [22, 0xfe, 0xfd, 0]
    let there = DTLSDatagram(moved.span, in: 3..<3 + input.count)
    try require(there == shifted(here, by: 3), "the place changes the datagram")
    guard let records = split(input) else {
      return try require(here == .malformed, "\(here), but its records are not whole")
    }
    try require(here != .malformed, "whole records are refused")
    if case .clientHello(let random) = here {
      try require(random.count == 32 && random.upperBound <= input.count, "a random outside")
      try require(records[0].starts(with: [22]) && records[0][13] == 1, "no ClientHello")
      try require(records[0][3] == 0 && records[0][4] == 0, "a hello in an epoch with keys")
    }
    try require(DatagramKind(firstByte: input[0]) == .unknown, "DTLS that is TURN as well")
    // A part of a datagram is whole only where one of its records ends.
    for end in [1, input.count / 2, input.count - 1] where end < input.count {
      let part = DTLSDatagram(input.span, in: 0..<end)
      try require((part == .malformed) == (split(Array(input[..<end])) == nil), "a part is whole")
    }
  }

  private static func shifted(_ kind: DTLSDatagram, by offset: Int) -> DTLSDatagram {
    guard case .clientHello(let random) = kind else { return kind }
    return .clientHello(random: random.lowerBound + offset..<random.upperBound + offset)
  }

  /// The records, from the first byte on to the last; `nil` when that does not come out even.
  private static func split(_ input: [UInt8]) -> [[UInt8]]? {
    var records: [[UInt8]] = []
    var rest = input
    while rest.count >= 13 {
      let length = Int(rest[11]) << 8 + Int(rest[12])
      guard (20...23).contains(rest[0]), rest[1] == 0xfe, (1...18_432).contains(length),
        rest.count >= 13 + length
      else { return nil }
      records.append(Array(rest[..<(13 + length)]))
      rest.removeFirst(13 + length)
    }
    return rest.isEmpty && !records.isEmpty ? records : nil
  }
}
