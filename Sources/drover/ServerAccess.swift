import Logging
import Service
import Telemetry
import Transport

/// Keys and usage of a server: the files, and the control that is made of them.
final class ServerAccess: Sendable {
    let control: AccessControl
    private let keyFile: KeyFile?
    private let folder: UsageFolder?
    private let book: UsageBook?
    private let logger: Logger

    /// - Parameter settings: nil for a server of this process only.
    init(_ settings: ServeSettings?, metrics: MetricsRegistry, logger: Logger) throws {
        self.logger = logger
        keyFile = settings?.apiKeyFile.map { KeyFile(path: $0) }
        folder = settings?.usageDir.map { UsageFolder(path: $0) }
        book = try folder?.open()
        let keys = try keyFile?.read()
        control = AccessControl(
            ring: keys.map { KeyRing($0) }, openRoutes: settings?.openRoutes.patterns ?? [], metrics: metrics,
            book: book)
        if let keys { logger.info("asking for API keys", metadata: ["keys": "\(keys.count)"]) }
    }

    var asksForKeys: Bool { keyFile != nil }

    /// Takes the keys of the file if all of it is right, and else goes on with those there are.
    func reload(failures: Counter) {
        guard let keyFile else { return }
        do {
            let keys = try keyFile.read()
            control.replace(KeyRing(keys))
            logger.info("read the API keys again", metadata: ["keys": "\(keys.count)"])
        } catch {
            failures.add()
            logger.error("kept the API keys as they were", metadata: ["error": "\(error)"])
        }
    }

    /// Writes down every few seconds what keys have used, until the task is cancelled, and then what is left.
    func writeUsage() async {
        guard let folder, let book else { return }
        let trouble = LastingTrouble(
            "the usage of keys could not be written", over: "the usage of keys is written again", logger: logger)
        var goesOn = true
        while goesOn {
            await Alarm.wait(until: .now + .seconds(5))
            goesOn = !Task.isCancelled
            do {
                try folder.write(book)
                trouble.clear()
            } catch {
                trouble.note(error)
            }
        }
    }
}
