import Foundation
import Glibc
import Testing
import Transport

/// O8, O31: what a server listens on.
struct ListeningSocketTests {
    private static func path() -> String {
        FileManager.default.temporaryDirectory.appending(path: "drover-\(UInt64.random(in: 0 ... .max)).sock").path
    }

    @Test func `O8 a busy port is an error, unless it is shared`() throws {
        let first = try ListeningSocket(.internet(host: "127.0.0.1", port: 0))
        defer { first.discard() }
        #expect(throws: TransportError.system(call: "bind", errno: EADDRINUSE)) {
            try ListeningSocket(first.endpoint)
        }
        var options = ListeningSocket.Options()
        options.sharesPort = true
        let one = try ListeningSocket(.internet(host: "127.0.0.1", port: 0), options: options)
        let two = try ListeningSocket(one.endpoint, options: options)
        #expect(one.endpoint == two.endpoint)
        one.discard()
        two.discard()
    }

    @Test func `the file of a Unix socket has its mode and goes with the listener`() throws {
        let path = Self.path()
        var options = ListeningSocket.Options()
        options.unixMode = 0o640
        let listener = Listener(try ListeningSocket(.unix(path: path), options: options))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
        listener.close()
        #expect(access(path, F_OK) != 0)
    }

    @Test func `replaces the file of a dead server, refuses that of a live one, leaves other files`() throws {
        let path = Self.path()
        defer { unlink(path) }
        let dead = Listener(try ListeningSocket(.unix(path: path)))
        dead.keepFile()
        dead.close()
        let live = try ListeningSocket(.unix(path: path))
        #expect(throws: TransportError.system(call: "bind", errno: EADDRINUSE)) {
            try ListeningSocket(.unix(path: path))
        }
        live.discard()
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: TransportError.system(call: "bind", errno: EADDRINUSE)) {
            try ListeningSocket(.unix(path: path))
        }
        #expect(access(path, F_OK) == 0)
    }

    @Test func `a listener does not remove the file of its successor`() throws {
        let path = Self.path()
        let old = Listener(try ListeningSocket(.unix(path: path)))
        unlink(path)
        let new = try ListeningSocket(.unix(path: path))
        old.close()
        #expect(access(path, F_OK) == 0)
        new.discard()
        #expect(access(path, F_OK) != 0)
    }

    @Test func `O31 an inherited socket keeps its connections, others are refused`() async throws {
        let first = try ListeningSocket(.unix(path: Self.path()))
        let inherited = try ListeningSocket(inherited: dup(first.descriptor))
        #expect(inherited.endpoint == first.endpoint)
        let listener = Listener(inherited)
        defer {
            listener.close()
            first.discard()
        }
        let pair = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(pair) }
        #expect(throws: TransportError.self) { try ListeningSocket(inherited: pair) }
        #expect(throws: TransportError.self) { try ListeningSocket(inherited: 9999) }
    }

    @Test(arguments: [true, false])
    func `[::] takes IPv4 when it is alone`(_ isDualStack: Bool) throws {
        var options = ListeningSocket.Options()
        options.isDualStack = isDualStack
        let socket = try ListeningSocket(.internet(host: "::", port: 0), options: options)
        defer { socket.discard() }
        guard case .internet(_, let port) = socket.endpoint else { throw TransportError.closed }
        let four = Result { () throws(TransportError) in
            try ListeningSocket(.internet(host: "0.0.0.0", port: port))
        }
        (try? four.get())?.discard()
        #expect((try? four.get()) == nil ? isDualStack : !isDualStack)
    }
}
