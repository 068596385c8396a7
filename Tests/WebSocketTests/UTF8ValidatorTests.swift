// The validator against the standard library, over every border of every byte class.

import Testing
import WebSocket

@Suite("UTF-8 validator")
struct UTF8ValidatorTests {
  /// The first and last byte of each class of bytes that UTF-8 tells apart.
  static let borders: [UInt8] = [
    0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
    0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
  ]

  func isValid(_ text: [UInt8]) -> Bool {
    var validator = UTF8Validator()
    return validator.accept(text.span, 0..<text.count) && validator.isComplete
  }

  func accept(_ validator: inout UTF8Validator, _ text: [UInt8]) -> Bool {
    validator.accept(text.span, 0..<text.count)
  }

  @Test("all sequences of up to two bytes, and of three at every border")
  func short() {
    var wrong = 0
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let text = [first, second]
        if isValid(text) != (String(validating: text, as: UTF8.self) != nil) { wrong += 1 }
      }
      for second in Self.borders {
        for third in Self.borders {
          let text = [first, second, third]
          if isValid(text) != (String(validating: text, as: UTF8.self) != nil) { wrong += 1 }
        }
      }
    }
    #expect(wrong == 0)
  }

  @Test("all sequences of four bytes at every border that can begin one")
  func long() {
    var wrong = 0
    for first in Self.borders where first >= 0xE0 {
      for second in Self.borders {
        for third in Self.borders {
          for fourth in Self.borders {
            let text = [first, second, third, fourth]
            if isValid(text) != (String(validating: text, as: UTF8.self) != nil) { wrong += 1 }
          }
        }
      }
    }
    #expect(wrong == 0)
  }

  @Test("a byte that cannot follow is refused where it stands")
  func failsFast() {
    for (good, bad) in [
      ([], 0x80), ([], 0xC0), ([], 0xC1), ([], 0xF5), ([0xC2], 0x7F), ([0xC2], 0xC0),
      ([0xE0], 0x9F), ([0xED], 0xA0), ([0xF0], 0x8F), ([0xF4], 0x90), ([0xE1, 0x80], 0x20),
      ([0xF1, 0x80, 0x80], 0xC2),
    ] as [([UInt8], UInt8)] {
      var validator = UTF8Validator()
      let begun = accept(&validator, good)
      #expect(begun && validator.isComplete == good.isEmpty)
      let goesOn = accept(&validator, [bad])
      #expect(!goesOn, "\(good) then \(bad)")
    }
  }

  @Test("a wrong byte is found at every place among ASCII, and a right one passes")
  func amongASCII() {
    for size in 1...40 {
      for place in 0..<size {
        var text = [UInt8](repeating: 0x61, count: size)
        text[place] = 0xFF
        #expect(!isValid(text))
        text.replaceSubrange(place...place, with: bytes("é"))
        #expect(isValid(text))
        var validator = UTF8Validator()
        let begun = accept(&validator, Array(text[...place]))
        #expect(begun && !validator.isComplete)
        let ended = accept(&validator, Array(text[(place + 1)...]))
        #expect(ended && validator.isComplete)
      }
    }
  }
}
