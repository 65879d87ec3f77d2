import Glibc

/// What libFuzzer calls with each input. One program has all targets, so that they are built and linked once.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// Named by `DROVER_FUZZ_TARGET`: libFuzzer has taken all arguments.
private let chosen: FuzzTarget = {
    let name = getenv("DROVER_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let known = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        fatalError("DROVER_FUZZ_TARGET is '\(name)', known are \(known)")
    }
    return target
}()
