/// Follows texts through an automaton, byte by byte, and back again.
///
/// Where it stands is a set of configurations: a state, and the stack of states to come back to. Stacks share their
/// lower parts, as places in an arena. A level is where a byte led; walking a tree of texts pushes and pops levels.
/// For one thread at a time.
struct Walker {
    /// What lies under a configuration.
    enum Bottom {
        /// Nothing: the root rule's end is the end.
        static let end: Int32 = -1
        /// Not known: the rule's end leads to whoever called it.
        static let caller: Int32 = -2
    }

    struct Configuration: Equatable {
        let state: Int32
        /// Place in the arena of where to go on when the state's rule ends, or a `Bottom`.
        let parent: Int32
    }

    /// A configuration to come back to.
    private struct Frame {
        let configuration: Configuration
        /// Fewest bytes from there to the end of the text.
        let distance: Int
    }

    private struct Level {
        /// First of its configurations.
        let first: Int
        let arenaCount: Int
        /// The text may end here.
        var isComplete = false
        /// A rule ended whose caller is not known.
        var escapes = false
    }

    /// A text that can be read in more ways at the same time than this is given up.
    private static let widthLimit = 2048

    private let automaton: Automaton
    private var configurations: [Configuration] = []
    private var arena: [Frame] = []
    private var places: [UInt64: Int32] = [:]
    private var levels: [Level] = []

    /// At the beginning of the root rule.
    init(_ automaton: Automaton) {
        self.init(automaton, Configuration(state: Int32(automaton.starts[automaton.root]), parent: Bottom.end))
    }

    /// At one state of a rule whose caller is not known.
    init(_ automaton: Automaton, at state: Int32) {
        self.init(automaton, Configuration(state: state, parent: Bottom.caller))
    }

    private init(_ automaton: Automaton, _ configuration: Configuration) {
        self.automaton = automaton
        levels = [Level(first: 0, arenaCount: 0)]
        enter(configuration)
        close()
    }

    // MARK: Where it stands

    /// How many bytes can be taken back.
    var depth: Int { levels.count - 1 }
    var current: ArraySlice<Configuration> { configurations[top.first...] }
    var isDead: Bool { top.first == configurations.count }
    var isComplete: Bool { top.isComplete }
    var escapes: Bool { top.escapes }

    /// Some byte leads on.
    var canContinue: Bool { current.contains { automaton.traits[Int($0.state)].contains(.reads) } }

    /// The byte that leads on, where there is no other.
    var onlyByte: UInt8? {
        var only: Int?
        for configuration in current {
            let row = Int(configuration.state) * automaton.classCount
            for name in 0..<automaton.classCount where automaton.next[row + name] != Automaton.dead {
                guard only ?? name == name else { return nil }
                only = name
            }
        }
        guard let name = only.map({ UInt8(truncatingIfNeeded: $0) }), let byte = automaton.classes.firstIndex(of: name),
            automaton.classes.lastIndex(of: name) == byte
        else { return nil }
        return UInt8(truncatingIfNeeded: byte)
    }

    /// Whatever follows is part of a text, though perhaps not all of it.
    var acceptsAnything: Bool { current.contains { automaton.traits[Int($0.state)].contains(.universal) } }

    /// Whatever follows is accepted.
    var isFree: Bool {
        current.contains { $0.parent == Bottom.end && automaton.traits[Int($0.state)].contains(.universal) }
    }

    /// Where it stands as numbers, the same for every walker that stands there; nil where stacks are deep.
    func place(limit: Int) -> [Int32]? {
        var place: [Int32] = []
        for configuration in current {
            place.append(configuration.state)
            var parent = configuration.parent
            while parent >= 0 {
                let frame = arena[Int(parent)].configuration
                place.append(frame.state)
                parent = frame.parent
            }
            place.append(parent)
            if place.count > limit { return nil }
        }
        return place
    }

    private func distance(of configuration: Configuration) -> Int {
        Int(automaton.distances[Int(configuration.state)])
            + (configuration.parent >= 0 ? arena[Int(configuration.parent)].distance : 0)
    }

    /// Fewest bytes from here to the end of the text; nil if it is dead.
    var distance: Int? { current.lazy.map(distance).min() }

    /// A byte that leads nearer to the end; nil where the text may end.
    private var nearerByte: UInt8? {
        guard let distance, distance > 0 else { return nil }
        for configuration in current where self.distance(of: configuration) == distance {
            let state = Int(configuration.state)
            for name in 0..<automaton.classCount {
                let target = automaton.next[state * automaton.classCount + name]
                guard target != Automaton.dead, automaton.distances[Int(target)] < automaton.distances[state] else {
                    continue
                }
                return automaton.classes.firstIndex { Int($0) == name }.map { UInt8(truncatingIfNeeded: $0) }
            }
        }
        return nil
    }

    private var top: Level { levels[levels.count - 1] }

    // MARK: Steps

    /// Reads a byte; says whether any way leads on. A level is pushed in any case.
    mutating func push(_ byte: UInt8) -> Bool {
        let range = top.first..<configurations.count
        levels.append(Level(first: configurations.count, arenaCount: arena.count))
        let name = Int(automaton.classes[Int(byte)])
        for index in range {
            let configuration = configurations[index]
            let target = automaton.next[Int(configuration.state) * automaton.classCount + name]
            guard target != Automaton.dead else { continue }
            enter(Configuration(state: target, parent: configuration.parent))
        }
        close()
        return !isDead
    }

    /// Takes levels back.
    mutating func pop(to depth: Int) {
        guard depth < self.depth else { return }
        let level = levels[depth + 1]
        levels.removeLast(levels.count - depth - 1)
        configurations.removeLast(configurations.count - level.first)
        while arena.count > level.arenaCount, let frame = arena.popLast() {
            places[Self.key(frame.configuration)] = nil
        }
    }

    /// The shortest way to the end of the text; nil if it has more than `limit` bytes. The same from every place on it.
    mutating func shortestEnd(limit: Int) -> [UInt8]? {
        let base = depth
        defer { pop(to: base) }
        var bytes: [UInt8] = []
        while let byte = nearerByte {
            guard bytes.count < limit, push(byte) else { return nil }
            bytes.append(byte)
        }
        return isComplete ? bytes : nil
    }

    /// Forgets the way to here, which can no longer be taken back.
    mutating func commit() {
        configurations.removeFirst(top.first)
        levels = [
            Level(first: 0, arenaCount: arena.count, isComplete: top.isComplete, escapes: top.escapes)
        ]
    }

    /// Adds a configuration of the top level unless it is there.
    private mutating func enter(_ configuration: Configuration) {
        guard !configurations[top.first...].contains(configuration) else { return }
        configurations.append(configuration)
    }

    /// Adds what is reached without a byte: the rules that are called, and the callers of those that end.
    private mutating func close() {
        var index = top.first
        while index < configurations.count {
            let configuration = configurations[index]
            index += 1
            let traits = automaton.traits[Int(configuration.state)]
            guard !traits.isDisjoint(with: [.final, .calls]) else { continue }
            guard configurations.count - top.first < Self.widthLimit else {
                configurations.removeLast(configurations.count - top.first)
                return
            }
            if traits.contains(.final) { end(configuration) }
            if traits.contains(.calls) { call(configuration) }
        }
    }

    private mutating func end(_ configuration: Configuration) {
        switch configuration.parent {
        case Bottom.end: levels[levels.count - 1].isComplete = true
        case Bottom.caller: levels[levels.count - 1].escapes = true
        default: enter(arena[Int(configuration.parent)].configuration)
        }
    }

    private mutating func call(_ configuration: Configuration) {
        for call in automaton.calls[Int(configuration.state)] {
            let start = Int32(automaton.starts[call.rule])
            // Where nothing follows in the caller, its own caller is returned to: lists do not pile up frames.
            let back =
                automaton.traits[Int(call.back)] == .final
                ? configuration.parent : place(Configuration(state: call.back, parent: configuration.parent))
            enter(Configuration(state: start, parent: back))
        }
    }

    private mutating func place(_ configuration: Configuration) -> Int32 {
        let key = Self.key(configuration)
        if let place = places[key] { return place }
        arena.append(Frame(configuration: configuration, distance: distance(of: configuration)))
        let place = Int32(truncatingIfNeeded: arena.count - 1)
        places[key] = place
        return place
    }

    private static func key(_ configuration: Configuration) -> UInt64 {
        UInt64(UInt32(bitPattern: configuration.state)) << 32 | UInt64(UInt32(bitPattern: configuration.parent))
    }
}
