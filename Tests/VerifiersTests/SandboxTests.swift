import Foundation
import JSON
import Testing
import Verifiers

/// What a command does beyond its limits ends it, is named, and reaches nothing outside. Each runs in the real sandbox.
struct SandboxTests {
    /// The product of the build that these tests are part of: their own program is not Drover.
    private static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "drover").path

    private func verdict(
        _ command: [String], paths: [String] = [], time: Duration = .seconds(60), cpuSeconds: Int? = nil,
        memory: Int = 128 << 20, processes: Int = 16, output: Int = 4096, completion: String = "right"
    ) async -> Verdict {
        let settings = CommandSettings(
            command: command, paths: paths, time: time, cpuSeconds: cpuSeconds, memory: memory, processes: processes,
            output: output)
        let verifier = CommandVerifier(name: "test", settings: settings, sandbox: Sandbox(program: Self.program))
        return await verifier.verify(Candidate(completion: completion))
    }

    private func shell(_ script: String) async -> Verdict { await verdict(["sh", "-c", script]) }

    // MARK: What it is for

    @Test func `the exit code decides, and the candidate is the input`() async {
        #expect(await shell("grep -q '\"completion\":\"right\"'") == Verdict(passed: true))
        #expect(await shell("grep wrong") == Verdict(passed: false))
        #expect(await shell("echo why; exit 3") == Verdict(.exited(code: 3), report: "why\n"))
    }

    @Test func `JSON on standard output is score and report`() async {
        let half = await shell(#"echo '{"score": 0.5, "report": "half right"}'; exit 1"#)
        #expect(half == Verdict(passed: false, score: 0.5, report: "half right"))
        #expect(await shell(#"echo '{"score": 5}'"#).failure?.name == "malformed")
        #expect(await shell("echo said; echo shouted >&2") == Verdict(passed: true, report: "said\n\nshouted\n"))
    }

    @Test func `what the command names is there, and what its settings name`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "verifier-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (script, other) = (folder.appending(path: "check").path, folder.appending(path: "table").path)
        try "cat \(other) && ls \(folder.path)".write(toFile: script, atomically: true, encoding: .utf8)
        try "42".write(toFile: other, atomically: true, encoding: .utf8)
        #expect(await verdict(["sh", script]).passed == false)
        #expect(await verdict(["sh", script], paths: [other]) == Verdict(passed: true, report: "42check\ntable\n"))
    }

    // MARK: Limits

    @Test(arguments: ["b() { b | b & }; b; wait; sleep 100", "while :; do sleep 100 & done"])
    func `a fork bomb is ended by the number of its processes`(script: String) async {
        #expect(await shell(script).failure == .processes)
    }

    @Test(arguments: [
        "b'x' * 10**10", "[b'x' * 10**6 for _ in range(10**4)]",
        "[__import__('mmap').mmap(-1, 10**10).write(b'x' * 10**8) for _ in range(100)]",
        "[__import__('subprocess').Popen(['python3', '-c', 'x = b\"x\" * 4 * 10**7; import time; time.sleep(100)'])"
            + " for _ in range(9)][0].wait()",
    ])
    func `ten gigabytes are never had`(expression: String) async {
        #expect(await verdict(["python3", "-c", expression]).failure == .memory)
    }

    @Test func `the temporary folder has an end, and nothing else can be written`() async {
        let full = await shell("for f in a b c; do head -c 100000000 /dev/zero > /tmp/$f || exit 1; done")
        #expect(!full.passed && full.failure == nil && full.report.contains("No space left"))
        let outside = await shell(
            "for f in / /usr /etc /dev /proc; do echo x > $f/x && exit 0; done; echo x > /tmp/x && cat /tmp/x; exit 1")
        #expect(!outside.passed && outside.failure == nil && outside.report.hasPrefix("x\n"))
    }

    @Test func `endless output ends it, and its beginning is kept`() async {
        for script in ["yes", "yes >&2"] {
            let verdict = await shell(script)
            #expect(verdict.failure == .output && verdict.report.hasPrefix("y\ny\n"))
        }
    }

    @Test func `time ends it with all that it started`() async {
        #expect(await verdict(["sleep", "100"], time: .milliseconds(200)).failure == .timedOut)
        let busy = await verdict(["sh", "-c", "while :; do :; done"], cpuSeconds: 1)
        #expect(busy.failure == .cpuTime)
    }

    @Test func `a signal is named`() async {
        #expect(await shell("kill -SEGV $$").failure == .crashed(signal: 11))
        #expect(await verdict(["python3", "-c", "import os; os.abort()"]).failure == .crashed(signal: 6))
    }

    @Test func `a socket to anywhere is the end, also of a child's child`() async {
        let connect = "import socket; socket.create_connection(('127.0.0.1', 22))"
        #expect(await verdict(["python3", "-c", connect]).failure == .network)
        #expect(await shell("(python3 -c \"\(connect)\" &) ; sleep 100").failure == .network)
    }

    // MARK: What it must not see

    /// A daemon that has left its parents ends with the first process of its namespace: the pipe that it holds ends.
    @Test func `a daemon does not outlive the verdict`() async throws {
        let start = ContinuousClock.now
        let left = await shell("(setsid sleep 1000 &) ; (sleep 1000 &) ; exit 0")
        #expect(left == Verdict(passed: true) && start.duration(to: .now) < .seconds(500))
    }

    @Test func `the server's files, environment and processes are not there`() async throws {
        let secret = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString).yaml")
        try "secret".write(to: secret, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: secret) }
        setenv("DROVER_TEST_SECRET", "secret", 1)
        let script = """
            cat \(secret.path) /etc/passwd /etc/shadow /proc/1/environ /proc/1/mem 2>/dev/null
            env; ls -d /root /home /var /proc/\(getpid()) 2>/dev/null; ls /proc/self/fd | wc -l; id -u
            grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status
            """
        let verdict = await shell(script)
        #expect(verdict.passed && !verdict.report.contains("secret"))
        let environment = ["PATH=", "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8", "PWD=/tmp", "_=", "SHLVL="]
        let lines = verdict.report.split(separator: "\n")
        let foreign = lines.filter { line in line.contains("=") && !environment.contains { line.hasPrefix($0) } }
        #expect(foreign == [])
        #expect(!lines.contains("0") && !lines.contains { $0.hasPrefix("/") })
        #expect(lines.contains("CapEff:\t0000000000000000") && lines.contains("NoNewPrivs:\t1"))
        #expect(lines.contains("Seccomp:\t2"))
    }

    @Test func `it can neither leave its namespaces nor make new ones`() async {
        let verdict = await shell(
            "unshare -Ur true && echo user; unshare -m true && echo mount; mount -t tmpfs x /tmp && echo over; exit 1")
        #expect(
            ["user", "mount", "over"].allSatisfy { !verdict.report.split(separator: "\n").contains(Substring($0)) })
    }

    // MARK: What goes wrong

    @Test func `what cannot be started says why`() async {
        #expect(
            await verdict(["/nowhere/check"]).failure == .couldNotStart("/nowhere/check: No such file or directory"))
        let elsewhere = CommandVerifier(
            name: "test", settings: CommandSettings(command: ["true"]), sandbox: Sandbox(program: "/nowhere/drover"))
        #expect(await elsewhere.verify(Candidate(completion: "")).failure?.name == "could_not_start")
    }

    @Test func `a cancelled task ends its command`() async {
        let task = Task { await shell("sleep 1000") }
        task.cancel()
        #expect(await task.value.failure == .cancelled)
    }
}
