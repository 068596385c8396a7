// Makes text of the server's answer: a table for people, or the JSON itself for programs.

import AdminAPI
import Configuration
import Foundation
import HTTP1

struct Presentation {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  /// The text without the newline at its end.
  func text(of reply: Reply) throws(Failure) -> String {
    guard reply.status == .ok else { throw failure(of: reply) }
    // Read in any case, so that a page that happens to be there is not taken for an answer.
    let table =
      switch settings.command {
      case .rooms: Tables.text(try decoded(reply, RoomsDocument.self))
      case .room: Tables.text(try decoded(reply, RoomDocument.self))
      case .drain: Tables.text(try decoded(reply, DrainDocument.self))
      case .allocations: Tables.text(try decoded(reply, AllocationsDocument.self))
      }
    return settings.printsJSON ? String(decoding: reply.body, as: UTF8.self) : table
  }

  private func decoded<Document: Decodable>(
    _ reply: Reply, _ type: Document.Type
  ) throws(Failure) -> Document {
    do {
      return try JSONDecoder().decode(type, from: Data(reply.body))
    } catch {
      throw .foreign(settings.admin)
    }
  }

  private func failure(of reply: Reply) -> Failure {
    guard let reason = try? decoded(reply, ErrorDocument.self).error else {
      return .foreign(settings.admin)
    }
    if case .room(let name) = settings.command, reply.status == .notFound {
      return Failure(message: "nobody is in a room called \(Figures.printable(name))")
    }
    return Failure(
      message: "\(settings.admin): \(reply.status.code), \(Figures.printable(reason.message))")
  }
}
