import Transport

/// A verifier of a roster: waits for its turn, keeps to the time of who asks, and is counted.
package struct ListedVerifier: Sendable {
    let verifier: any Verifier
    /// Nil for one that starts nothing, and needs no turn.
    let gate: Gate?
    let metrics: VerifierMetrics

    package var name: String { verifier.name }

    /// The verdict, by `deadline` at the latest: a verifier that has none then, or has not had its turn, is ended, and the
    /// verdict is `VerifierFailure.deadline`.
    package func verify(_ candidate: Candidate, by deadline: ContinuousClock.Instant? = nil) async -> Verdict {
        let verdict = await verdict(candidate, by: deadline)
        metrics.count(verdict)
        return verdict
    }

    private func verdict(_ candidate: Candidate, by deadline: ContinuousClock.Instant?) async -> Verdict {
        guard let deadline else { return await take(candidate) }
        return await withTaskGroup(of: Verdict?.self) { group in
            group.addTask { await take(candidate) }
            group.addTask {
                await Alarm.wait(until: deadline)
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
            metrics.wait()
            let hasEntered = await gate.enter()
            metrics.stopWaiting()
            guard hasEntered else { return Verdict(.cancelled) }
        }
        defer { gate?.leave() }
        let start = ContinuousClock.now
        metrics.begin()
        defer { metrics.end(after: start.duration(to: .now)) }
        return await verifier.verify(candidate)
    }
}
