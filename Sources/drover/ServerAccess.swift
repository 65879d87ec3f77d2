import HTTP
import Logging
import Service
import Telemetry

/// Keys and usage of a server: the files, and the control that is made of them.
final class ServerAccess: Sendable {
    let control: AccessControl
    private let keyFile: KeyFile?
    private let openRoutes: Set<String>
    private let isInsecure: Bool
    private let folder: UsageFolder?
    private let book: UsageBook?
    private let logger: Logger

    /// - Parameter settings: nil for a server of this process only.
    init(_ settings: ServeSettings?, metrics: MetricsRegistry, logger: Logger) throws {
        self.logger = logger
        keyFile = settings?.apiKeyFile.map { KeyFile(path: $0) }
        openRoutes = settings?.openRoutes.patterns ?? []
        isInsecure = settings?.insecure ?? false
        folder = settings?.usageDir.map { UsageFolder(path: $0) }
        book = try folder?.open()
        let keys = try keyFile?.read()
        control = AccessControl(ring: keys.map { KeyRing($0) }, openRoutes: openRoutes, metrics: metrics, book: book)
        if let keys { logger.info("asking for API keys", metadata: ["keys": "\(keys.count)"]) }
    }

    /// A route that is to be open must be one.
    func checkOpenRoutes(_ router: Router) throws {
        let known = Set(router.table.map(\.pattern))
        if let unknown = openRoutes.sorted().first(where: { !known.contains($0) }) {
            throw SettingsError.unknownRoute(unknown)
        }
    }

    /// Without keys whoever reaches the port can use it, and end everybody's requests; who must show a certificate was
    /// let in by an authority. Keys without TLS can be read on their way.
    func checkExposure(of host: String, tls: ServerTLS?) throws {
        guard !host.hasPrefix("127."), host != "::1" else { return }
        if keyFile != nil, tls == nil {
            logger.warning(
                "API keys travel in the clear without TLS, here or before the server", metadata: ["host": "\(host)"])
        }
        guard keyFile == nil, tls?.asksForCertificates != true else { return }
        guard isInsecure else { throw SettingsError.exposed(host: host) }
        logger.warning("listening beyond this machine without API keys", metadata: ["host": "\(host)"])
    }

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
        var goesOn = true
        while goesOn {
            goesOn = (try? await Task.sleep(for: .seconds(5))) != nil
            do {
                try folder.write(book)
            } catch {
                logger.error("the usage of keys could not be written", metadata: ["error": "\(error)"])
            }
        }
    }
}
