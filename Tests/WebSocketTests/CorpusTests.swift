// Runs every conversation of the corpus, however its bytes are cut.

import Testing
import WebSocket

@Suite("Corpus")
struct CorpusTests {
  @Test("a conversation goes as its rule says, cut at every byte", arguments: Corpus.all)
  func conversation(_ conversation: Conversation) {
    let whole = receive(conversation.sends)
    #expect(whole.seen == conversation.sees)
    #expect(whole.output == conversation.answers)
    for cut in cutPlaces(conversation.sends) {
      let result = receive(conversation.sends, cutAt: [cut])
      #expect(result.seen == conversation.sees, "cut at \(cut)")
      #expect(result.output == conversation.answers, "cut at \(cut)")
    }
  }

  @Test("a conversation goes as its rule says, byte by byte", arguments: Corpus.all)
  func octetWise(_ conversation: Conversation) {
    // One byte at a time where it is short; a long payload in pieces that no rhythm of 4 or 8
    // meets.
    let step = conversation.sends.count > 1_000 ? 997 : 1
    let cuts = Array(stride(from: 1, to: max(conversation.sends.count, 1), by: step))
    let result = receive(conversation.sends, cutAt: cuts)
    #expect(result.seen == conversation.sees)
    #expect(result.output == conversation.answers)
  }

  @Test("every rule has its own name, and every fault that a server can find its conversation")
  func completeness() {
    let rules = Corpus.all.map { "\($0.rule) \($0.sends)" }
    #expect(Set(rules).count == rules.count)
    let found = Corpus.all.compactMap { conversation -> WebSocketFault? in
      guard case .failed(let fault) = conversation.sees.last else { return nil }
      return fault
    }
    // These have tests of their own in FrameDecoderTests and others.
    let others: Set<WebSocketFault> = [
      .masked, .notMasked, .paddedLength, .impossibleLength, .badDeflate, .tooManyFrames,
    ]
    #expect(Set(found).union(others) == Set(WebSocketFault.allCases))
  }
}
