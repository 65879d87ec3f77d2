/// How long a step takes by the number of its rows, learned from the steps there were.
///
/// Steps are remembered in classes of size, each twice as large as the one before, as moving means. Between two classes
/// time is a straight line: a fixed part, for reading the weights, and a part for each row. How much the rows attend to is
/// not counted, as it changes little from one step to the next and the means follow.
package struct StepTimes: Sendable {
    private struct Mean {
        var rows = 0.0
        var seconds = 0.0
        var count = 0.0

        mutating func take(rows: Int, seconds: Double) {
            count = min(count + 1, StepTimes.memory)
            self.rows += (Double(rows) - self.rows) / count
            self.seconds += (seconds - self.seconds) / count
        }
    }

    /// Steps that a mean looks back on.
    private static let memory = 4.0
    /// Entry i is of steps with `1 << i ..< 2 << i` rows; nil while there were none.
    private var classes: [Mean?]

    /// Of nothing yet, for steps of at most `rowLimit` rows.
    package init(rowLimit: Int) {
        classes = Array(repeating: nil, count: Self.class(of: max(1, rowLimit)) + 1)
    }

    private static func `class`(of rows: Int) -> Int { Int.bitWidth - 1 - rows.leadingZeroBitCount }

    /// Takes note of a step. One without rows or time teaches nothing.
    package mutating func observe(rows: Int, duration: Duration) {
        let seconds = duration / .seconds(1)
        guard rows > 0, seconds > 0 else { return }
        let number = min(Self.class(of: rows), classes.count - 1)
        let pace = pace(number, rows: rows, seconds: seconds)
        var mean = classes[number] ?? Mean()
        mean.take(rows: rows, seconds: seconds)
        classes[number] = mean
        for other in classes.indices where other != number {
            classes[other]?.seconds *= pace
            reconcile(other, with: mean)
        }
    }

    /// How much slower the machine seems to be than it was: what else runs on it slows steps of all sizes.
    /// A size that was never tried says nothing about it.
    private func pace(_ number: Int, rows: Int, seconds: Double) -> Double {
        guard classes[number] != nil, let expected = self.seconds(rows: rows) else { return 1 }
        return min(max(1 + (seconds / expected - 1) / Self.memory, 0.5), 2)
    }

    /// More rows never take less time, nor more time for each. So what was seen once, on a bad day, gives way to what is
    /// seen now, although the steps it makes us avoid are the only ones that could correct it.
    private mutating func reconcile(_ other: Int, with mean: Mean) {
        guard let old = classes[other] else { return }
        let inProportion = mean.seconds * old.rows / mean.rows
        let (least, most) = (min(mean.seconds, inProportion), max(mean.seconds, inProportion))
        classes[other]?.seconds = min(max(old.seconds, least), most)
    }

    /// The time that a step is expected to take, in seconds; nil before the first step.
    package func seconds(rows: Int) -> Double? {
        guard let (below, above) = neighbors(of: Double(rows)) else { return nil }
        let proportion = below.seconds * Double(rows) / below.rows
        // Sizes beyond all that were tried are taken for slow, so that the steps grow towards them.
        guard let above else { return proportion }
        let slope = (above.seconds - below.seconds) / (above.rows - below.rows)
        let line = below.seconds + slope * (Double(rows) - below.rows)
        return Double(rows) < below.rows ? max(line, proportion) : line
    }

    /// The classes on both sides; where one side has none, the first two, or the last and nil.
    private func neighbors(of rows: Double) -> (below: Mean, above: Mean?)? {
        var below: Mean?
        for case let mean? in classes {
            if let below, mean.rows > rows { return (below, mean) }
            below = mean
        }
        return below.map { ($0, nil) }
    }

    /// Shortest step that is aimed at where nobody has set a target, in seconds.
    private static let shortestTarget = 0.1
    /// Part of the speed they have alone that prompts keep beside others where nobody has set a target.
    private static let promptShare = 0.75

    /// How long a step may take in which prompts stand beside `decoding` others: `target` seconds, or without a target
    /// 100 ms, or what leaves prompts three quarters of their speed. In shorter steps most of the time goes into reading
    /// the weights, which costs everybody.
    ///
    /// Where the others alone leave no time for it, as many as take no more than a step with a single row, which is about
    /// as long as reading the weights: that far prompts slow others by at most the same again, and without it they would
    /// wait for ever. Nil before the first step.
    package func longest(beside decoding: Int, target: Double?, room: Int) -> Double? {
        guard let alone = seconds(rows: decoding), let least = seconds(rows: 1) else { return nil }
        return max(target ?? breakEven(beside: decoding, room: room), alone + least)
    }

    /// How long the draft model may take before a step of `rows`: what is left of the target, or as long as a step with
    /// a single row where that is more. Nil before the first step.
    package func slack(beside rows: Int, target: Double?) -> Double? {
        guard let alone = seconds(rows: rows), let least = seconds(rows: 1) else { return nil }
        return max((target ?? Self.shortestTarget) - alone, least)
    }

    /// How many rows fit into a step of `limit` seconds beside `others`, from 1 to `room`. Nil before the first step.
    package func rows(within limit: Double, beside others: Int = 0, room: Int) -> Int? {
        guard seconds(rows: 1) != nil else { return nil }
        return Self.most(room) { rows in seconds(rows: others + rows).map { $0 <= limit } ?? false }
    }

    /// How many prompt rows fit into such a step, from 1 to `room`. Nil before the first step.
    package func promptRows(beside decoding: Int, target: Double?, room: Int) -> Int? {
        longest(beside: decoding, target: target, room: room).flatMap { rows(within: $0, beside: decoding, room: room) }
    }

    /// The shortest step in which prompts keep their share of speed.
    private func breakEven(beside decoding: Int, room: Int) -> Double {
        let alone = decoding + room
        guard let most = seconds(rows: alone), most > 0 else { return Self.shortestTarget }
        let wanted = Self.promptShare * Double(alone) / most
        let tooFew = Self.most(room) { rows in
            seconds(rows: decoding + rows).map { Double(rows) < wanted * $0 } ?? false
        }
        return max(Self.shortestTarget, seconds(rows: decoding + min(tooFew + 1, room)) ?? 0)
    }

    /// The largest number from 1 to `limit` of which the condition holds, if it holds of all smaller ones.
    private static func most(_ limit: Int, _ condition: (Int) -> Bool) -> Int {
        var (fits, fails) = (1, max(2, limit + 1))
        while fails - fits > 1 {
            let middle = (fits + fails) / 2
            if condition(middle) { fits = middle } else { fails = middle }
        }
        return fits
    }
}
