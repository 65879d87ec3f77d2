/// Does pieces of work, so many at a time, begun in their order. The first failure ends the others.
enum WorkQueue {
    static func run<Piece: Sendable>(
        _ pieces: some Sequence<Piece>, atOnce limit: Int, _ work: @escaping @Sendable (Piece) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var rest = pieces.makeIterator()
            for _ in 0..<limit {
                guard let piece = rest.next() else { break }
                group.addTask { try await work(piece) }
            }
            while try await group.next() != nil {
                if let piece = rest.next() { group.addTask { try await work(piece) } }
            }
        }
    }
}
