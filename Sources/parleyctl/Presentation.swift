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
      case .allocations: Tables.text(try decoded(reply, AllocationsDocument.self))
      case .kick, .closeRoom:
        Tables.text(try decoded(reply, ChangeDocument.self), "sent away")
      case .say: Tables.text(try decoded(reply, ChangeDocument.self), "told")
      case .drain: Tables.text(try decoded(reply, DrainDocument.self))
      case .watch, .completion: ""
      }
    return settings.printsJSON ? String(decoding: reply.body, as: UTF8.self) : table
  }

  /// The document in an answer; what it says instead is a failure.
  func document<Document: Decodable>(
    of reply: Reply, _ type: Document.Type = Document.self
  ) throws(Failure) -> Document {
    guard reply.status == .ok else { throw failure(of: reply) }
    return try decoded(reply, type)
  }

  /// Whether the answer is that this server has no rooms at all.
  func saysNoRooms(_ reply: Reply) -> Bool {
    guard reply.status == .notFound else { return false }
    return (try? decoded(reply, ErrorDocument.self))?.error.code == ErrorDocument.noRooms
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
    switch (reason.code, settings.command) {
    case (ErrorDocument.noSuchPeer, .kick(let room, let peer)):
      return Failure(
        message: "there is no \(Figures.printable(peer)) in \(Figures.printable(room))")
    case (ErrorDocument.noSuchRoom, .room(let room)),
      (ErrorDocument.noSuchRoom, .kick(let room, _)),
      (ErrorDocument.noSuchRoom, .closeRoom(let room)),
      (ErrorDocument.noSuchRoom, .say(let room, _)):
      return Failure(message: "nobody is in a room called \(Figures.printable(room))")
    default:
      return Failure(
        message: "\(settings.admin): \(reply.status.code), \(Figures.printable(reason.message))")
    }
  }
}
