/// A verifier of a roster: waits for its turn, and keeps to the time of who asks.
package struct ListedVerifier: Sendable {
    let verifier: any Verifier
    /// Nil for one that starts nothing, and needs no turn.
    let gate: Gate?

    package var name: String { verifier.name }

    /// The verdict, by `deadline` at the latest: a verifier that has none then, or has not had its turn, is ended, and the
    /// verdict is `VerifierFailure.deadline`.
    package func verify(_ candidate: Candidate, by deadline: ContinuousClock.Instant? = nil) async -> Verdict {
        guard let deadline else { return await take(candidate) }
        return await withTaskGroup(of: Verdict?.self) { group in
            group.addTask { await take(candidate) }
            group.addTask {
                try? await Task.sleep(until: deadline, clock: .continuous)
                return nil
            }
            // The alarm, or the verdict; whichever it is, the other then ends.
            let first = await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            for await case let verdict? in group where verdict.failure != .cancelled { return verdict }
            return Verdict(Task.isCancelled ? .cancelled : .deadline)
        }
    }

    private func take(_ candidate: Candidate) async -> Verdict {
        if let gate {
            guard await gate.enter() else { return Verdict(.cancelled) }
        }
        defer { gate?.leave() }
        return await verifier.verify(candidate)
    }
}
