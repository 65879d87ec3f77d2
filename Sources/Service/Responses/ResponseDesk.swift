import Foundation
import JSON
package import Jobs
package import Logging
import OpenAI
import Synchronization
import Telemetry

/// Responses of all owners that are stored: those that are being generated here, those that have ended in the archive.
package final class ResponseDesk: Sendable {
    private struct Running {
        var response: ResponseObject
        let owner: String
        let previous: String?
        /// A list, as JSON.
        let input: Data

        var stored: StoredResponse {
            StoredResponse(
                id: response.id, owner: owner, previous: previous, status: response.status.rawValue,
                createdAt: response.created, body: Data(response.json.serialized),
                turn: StoredResponse.Turn(input: input, output: Data(response.outputItems.serialized)))
        }
    }

    /// Keeps a response among those that are being generated until it has ended, or nobody generates it any more.
    final class Ticket: Sendable {
        private let id: String
        private let desk: ResponseDesk

        fileprivate init(id: String, desk: ResponseDesk) {
            self.id = id
            self.desk = desk
        }

        deinit { desk.forget(id) }

        /// What became of it. Returns when a client may be told: it can be found by all who hear of it. False where it
        /// could not be stored.
        func end(_ response: ResponseObject) async -> Bool { await desk.end(response) }
    }

    private let running = Mutex<[String: Running]>([:])
    private let archive: ResponseArchive
    private let trouble: LastingTrouble

    package init(archive: ResponseArchive, logger: Logger) {
        self.archive = archive
        trouble = LastingTrouble("responses are not stored", over: "responses are stored again", logger: logger)
    }

    /// Lists a response that is about to be generated. Refuses one that could not be kept, before it costs anything.
    func begin(_ response: ResponseObject, to asked: ResponseRequest, owner: String) throws(APIError) -> Ticket {
        let entry = Running(
            response: response, owner: owner, previous: asked.previousID,
            input: Data(JSONValue.array(asked.inputItems).serialized))
        let (size, limit) = (entry.stored.size, archive.limits.response)
        guard size <= limit else {
            throw .invalid(
                "store",
                "A stored response may take \(limit) bytes, and this one begins with \(size); set 'store' to false.",
                code: "response_too_large")
        }
        running.withLock { $0[response.id] = entry }
        return Ticket(id: response.id, desk: self)
    }

    private func end(_ response: ResponseObject) async -> Bool {
        let ended = running.withLock { running -> Running? in
            // Who has cancelled it has been told so.
            if running[response.id]?.response.status == .inProgress { running[response.id]?.response = response }
            return running[response.id]
        }
        // Who has removed it does not want it kept.
        guard let ended else { return false }
        let isStored = await store(ended.stored)
        // Who removed it meanwhile may have done so before the archive had it.
        guard !forget(response.id) else { return isStored }
        try? await archive.remove(response.id)
        return false
    }

    /// False where it has become larger than a response may be, or the disk failed.
    private func store(_ response: StoredResponse) async -> Bool {
        do throws(StateError) {
            guard try await archive.put(response, now: UnixTime.now) else { return false }
            trouble.clear()
            return true
        } catch {
            trouble.note(error)
            return false
        }
    }

    /// False when it is not there any more.
    @discardableResult
    private func forget(_ id: String) -> Bool { running.withLock { $0.removeValue(forKey: id) } != nil }

    func isRunning(_ id: String) -> Bool { running.withLock { $0[id] != nil } }

    /// Nil for one that is not there, or not any more.
    func response(_ id: String) async throws(StateError) -> StoredResponse? {
        if let running = running.withLock({ $0[id] }) { return running.stored }
        return try await archive.response(id, now: UnixTime.now)
    }

    /// Up to a response that has ended.
    func conversation(endingWith id: String) async throws(StateError) -> ResponseArchive.Conversation {
        try await archive.conversation(endingWith: id, now: UnixTime.now)
    }

    /// Marks one as cancelled. Nil when it has ended.
    func cancel(_ id: String) -> StoredResponse? {
        running.withLock { running -> Running? in
            guard running[id]?.response.status == .inProgress else { return nil }
            running[id]?.response.status = .cancelled
            return running[id]
        }?.stored
    }

    func remove(_ id: String) async throws(StateError) {
        forget(id)
        try await archive.remove(id)
    }

    /// Removes from the archive what is too old.
    package func tidy() async {
        do throws(StateError) {
            try await archive.removeExpired(now: UnixTime.now)
        } catch {
            trouble.note(error)
        }
    }
}
