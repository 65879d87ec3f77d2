import CKernels

/// What the kernels want to know of a batch beside its tokens.
extension LlamaModel {
    /// Writes position and span of each row; returns the number of spans.
    func describeRows(_ batch: borrowing Batch) -> Int {
        let positions = workspace.positions, spans = workspace.spans
        let spanLength = Int(CK_SPAN)
        var count = 0
        for run in batch.runs {
            let end = run.firstPosition + run.rows.count
            precondition(run.firstPosition >= 0 && end <= contextLength, "position outside the context")
            precondition(KVBlock.count(for: end) <= run.blocks.count, "block table shorter than the sequence")
            for row in run.rows { positions[row] = Int32(run.firstPosition + row - run.rows.lowerBound) }
            var position = run.firstPosition
            while position < end {
                let next = min(end, (position / spanLength + 1) * spanLength)
                spans[count] = ck_span(
                    first_row: UInt32(run.rows.lowerBound + position - run.firstPosition),
                    rows: UInt32(next - position), position: UInt32(position),
                    first_block: UInt32(run.blocks.lowerBound))
                count += 1
                position = next
            }
        }
        return count
    }

    /// Puts spans together that begin with the same blocks, as the samples of a prompt do and all that share a system
    /// message; returns the number of cohorts. A span joins where it saves more visits of blocks than it costs the others
    /// that share more.
    func describeCohorts(_ spanCount: Int, _ batch: borrowing Batch) -> Int {
        let spans = workspace.spans, cohorts = workspace.cohorts, most = mostRows(of: batch)
        var (count, rows) = (0, 0)
        for index in 0..<spanCount {
            let span = spans[index]
            if count > 0, rows + Int(span.rows) <= most {
                let cohort = cohorts[count - 1], first = spans[Int(cohort.first_span)]
                let common = commonBlocks(first, span, batch.blockTable)
                let shared = cohort.spans == 1 ? common : min(common, Int(cohort.shared))
                if shared > 0, shared * Int(cohort.spans) >= Int(cohort.shared) * (Int(cohort.spans) - 1) {
                    cohorts[count - 1].spans += 1
                    cohorts[count - 1].shared = UInt32(shared)
                    rows += Int(span.rows)
                    continue
                }
            }
            cohorts[count] = ck_cohort(first_span: UInt32(index), spans: 1, shared: 0)
            (count, rows) = (count + 1, Int(span.rows))
        }
        return count
    }

    /// Rows of a cohort at most, so that each worker has something to attend to.
    private func mostRows(of batch: borrowing Batch) -> Int {
        let items = batch.tokens.count * plan.configuration.keyValueHeads
        return min(Int(CK_SPAN), items / (2 * workers))
    }

    /// Blocks with which the sequences of two spans begin, before the rows of either.
    private func commonBlocks(_ one: ck_span, _ two: ck_span, _ table: [Int32]) -> Int {
        let count = Int(min(one.position, two.position)) / KVBlock.tokens
        let (first, second) = (Int(one.first_block), Int(two.first_block))
        return (0..<count).first { table[first + $0] != table[second + $0] } ?? count
    }
}
