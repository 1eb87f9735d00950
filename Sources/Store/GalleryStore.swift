import Foundation
import GRDB
import Gallery
import Synchronization
import ThroughlineCore

/// A gallery's file: SQLite, everything about people sealed, written in batches by a thread of its own.
///
/// `append` and the `keep` calls never block on the disk and never fail: they put what happened into memory,
/// and at most half a second later the store's thread writes it in one transaction. After a kill the file is
/// whole and lacks at most what came in the last second. Where the file cannot be written, the condition
/// becomes `degraded`, memory goes on, and all is written once it can be.
///
/// The other calls wait for the disk: call them from a thread, not from a task.
public final class GalleryStore: Sendable {
  /// Whether a missing file is created.
  public enum OpenMode: Sendable {
    /// A missing file is an error.
    case existing
    /// A missing file, and a missing key file with it, is created.
    case createIfMissing
  }

  enum Item: Sendable {
    case change(GalleryChange)
    case crop(StoredCrop)
    case event(StoredEvent)
    case recording(StoredRecording)
    case count(AggregateKey, Int64)
  }

  struct Inbox: Sendable {
    var items: [Item] = []
    var condition = StoreStatus.Condition.writing
    var lastWrite: Timestamp?
    var isClosed = false
  }

  /// What reading beside the writer needs.
  struct Readers: Sendable {
    var database: DatabasePool?
    /// Keys that may open what a reader sees: after a rotation a reader may still see the file as it was.
    var ciphers: [String: StoreCipher]
  }

  /// Where the gallery lies.
  public let path: String
  let options: StoreOptions
  let fileLock: StoreFile.Lock

  // Locked in this order: writer, memory, inbox. `readers` is the last one and never held for long, so that
  // readers go on while the writer works.
  let writer: Mutex<StoreWriter>
  let memory: Mutex<StoreMemory>
  let inbox = Mutex(Inbox())
  let readers: Mutex<Readers>

  private let wake = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)

  /// Opens a gallery, and holds it until ``close()`` or the end of the process.
  ///
  /// The whole file is read and checked before the first byte is written. With ``OpenMode/createIfMissing`` a file in a
  /// place that cannot be written now is read, and the store begins `degraded`: it takes hold of the file as soon as it can.
  ///
  /// - Throws: ``StoreError``; the file is untouched then.
  public init(
    path: String, credential: GalleryCredential, mode: OpenMode = .createIfMissing,
    options: StoreOptions = StoreOptions()
  ) throws(StoreError) {
    self.path = path
    self.options = options
    if mode == .existing || FileNumber(path: path) != nil { try StoreFile.inspect(path) }
    var obstacle: StoreError?
    var unheld: FileState?
    do throws(StoreError) {
      fileLock = try StoreFile.Lock(path: path)
    } catch {
      guard case .unavailable = error, mode == .createIfMissing, FileNumber(path: path) != nil else {
        throw error
      }
      fileLock = StoreFile.Lock(untaken: path)
      unheld = FileState(path: path)
      obstacle = error
    }
    if FileNumber(path: path) == nil {
      try Self.create(at: path, credential: credential, now: options.now())
    }
    let (image, cipher) = try Self.load(path: path, credential: credential)
    memory = Mutex(StoreMemory(contents: image.contents, archive: image.archive))
    var connecting = StoreWriter(
      path: path, cipher: cipher, rows: image.rows, lock: fileLock, unheld: unheld)
    do {
      if obstacle == nil { _ = try connecting.connection() }
    } catch  where StoreFile.isPassing(error) {
      obstacle = StoreFile.describe(error, path: path)
    } catch {
      throw StoreFile.describe(error, path: path)
    }
    readers = Mutex(Readers(database: connecting.database, ciphers: [cipher.key.identifier: cipher]))
    writer = Mutex(connecting)
    if let obstacle { setCondition(.degraded(reason: obstacle.description)) }
    startThread()
  }

  deinit { wake.signal() }

  /// Reads a gallery without holding it: another process may go on writing it.
  ///
  /// - Throws: ``StoreError``.
  public static func read(path: String, credential: GalleryCredential) throws(StoreError) -> GalleryContents {
    try load(path: path, credential: credential).0.contents
  }

  // MARK: - The hot path

  /// Takes over steps of the gallery's journal; they are in the file at most half a second later.
  public func append(_ changes: [GalleryChange]) { put(changes.map { .change($0) }) }

  /// Takes other contents as the truth and writes whatever differs: the mend after changes were lost on the
  /// way to the store.
  public func replace(with contents: GalleryContents) {
    memory.withLock { memory in
      sortIn(&memory)
      memory.replace(with: contents)
    }
  }

  /// Keeps a crop.
  ///
  /// A crop whose owner is not in the gallery is given up and counted.
  public func keep(_ crop: StoredCrop) { put([.crop(crop)]) }

  /// Keeps an event.
  public func keep(_ event: StoredEvent) { put([.event(event)]) }

  /// Keeps the index entry of a recorded file; an earlier one of the same path is replaced.
  public func keep(_ recording: StoredRecording) { put([.recording(recording)]) }

  /// Adds to a count that is about nobody in particular, for example `entrance.in`, in the hour of `time`.
  public func count(_ name: String, by amount: Int = 1, at time: Timestamp) {
    let hour = Int64((time.seconds / 3600).rounded(.down))
    put([.count(AggregateKey(hour: hour, name: name), Int64(amount))])
  }

  private func put(_ items: [Item]) {
    let waiting = inbox.withLock { inbox in
      guard !inbox.isClosed else { return 0 }
      inbox.items.append(contentsOf: items)
      return inbox.items.count
    }
    if waiting > options.limits.queuedChanges { memory.withLock { sortIn(&$0) } }
  }

  /// Moves what waits in the inbox into memory.
  func sortIn(_ memory: inout StoreMemory) {
    let items = inbox.withLock { inbox in
      let items = inbox.items
      inbox.items = []
      return items
    }
    for item in items {
      switch item {
      case .change(let change): memory.apply(change)
      case .crop(let crop): memory.keep(crop, limits: options.limits)
      case .event(let event): memory.archive.keep(event, limits: options.limits)
      case .recording(let recording): memory.archive.keep(recording)
      case .count(let key, let amount): memory.archive.counts[key, default: 0] += amount
      }
    }
  }

  // MARK: - State

  /// The gallery as it is now, with everything appended so far.
  public var contents: GalleryContents {
    memory.withLock { memory in
      sortIn(&memory)
      return memory.contents
    }
  }

  /// How the store keeps up.
  public var status: StoreStatus {
    memory.withLock { memory in
      sortIn(&memory)
      let (condition, lastWrite) = inbox.withLock { ($0.condition, $0.lastWrite) }
      return StoreStatus(
        condition: condition, pending: memory.pendingCount, rejected: memory.rejected,
        latestRejection: memory.latestRejection, dropped: memory.archive.dropped, lastWrite: lastWrite)
    }
  }

  /// The identifier of the key that seals the file.
  public var keyIdentifier: String { writer.withLock { $0.cipher.key.identifier } }

  func setCondition(_ condition: StoreStatus.Condition) {
    let changed = inbox.withLock { inbox in
      guard inbox.condition != condition else { return false }
      inbox.condition = condition
      return true
    }
    if changed { options.onConditionChange(condition) }
  }

  func requireOpen() throws(StoreError) {
    if inbox.withLock({ $0.isClosed }) { throw .closed(path: path) }
  }

  // MARK: - Writing

  /// Waits until everything appended so far is in the file.
  ///
  /// - Throws: ``StoreError``; what could not be written stays in memory and is tried again.
  public func flush() throws(StoreError) {
    try requireOpen()
    try exclusively { (writer) throws(StoreError) in try writePending(&writer) }
  }

  /// Writes what waits and lets the file go. Later calls of `append` are ignored.
  ///
  /// - Throws: ``StoreError`` where the last changes could not be written; the file is let go all the same.
  public func close() throws(StoreError) {
    let isFirst = inbox.withLock { inbox in
      defer { inbox.isClosed = true }
      return !inbox.isClosed
    }
    guard isFirst else { return }
    var failure: StoreError?
    do {
      try exclusively { (writer) throws(StoreError) in try writePending(&writer) }
    } catch {
      failure = error
    }
    wake.signal()
    ended.wait()
    writer.withLock { writer in
      _ = try? writer.checkpoint()
      readers.withLock { $0.database = nil }
      try? writer.disconnect()
    }
    setCondition(.closed)
    fileLock.release()
    if let failure { throw failure }
  }

  /// Has the writer to itself.
  func exclusively<Result: Sendable>(
    _ body: (inout StoreWriter) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let outcome: Swift.Result<Result, StoreError> = writer.withLock { writer in
      do throws(StoreError) {
        return .success(try body(&writer))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  /// Writes what waits.
  ///
  /// - Parameters:
  ///   - isForced: whether there is a transaction even where nothing waits.
  ///   - also: more to be done in that transaction.
  func writePending(
    _ writer: inout StoreWriter, isForced: Bool = false,
    also: (Database, StoreCipher) throws -> Void = { _, _ in }
  ) throws(StoreError) {
    if case .failed(let reason) = inbox.withLock({ $0.condition }) {
      throw .damaged(path: path, reason: reason)
    }
    let batch = memory.withLock { memory in
      sortIn(&memory)
      return memory.takeBatch()
    }
    if batch.isEmpty && !isForced {
      memory.withLock { $0.confirm(batch.mark) }
      return
    }
    do {
      try writer.write(batch, also: also)
    } catch {
      memory.withLock { $0.withdraw(batch.mark) }
      let described = StoreFile.describe(error, path: path)
      if StoreFile.isPassing(error) {
        setCondition(.degraded(reason: described.description))
      } else if error is DatabaseError || error is StoreError {
        setCondition(.failed(reason: described.description))
      }
      throw described
    }
    let connection = writer.database
    readers.withLock { $0.database = connection }
    inbox.withLock { $0.lastWrite = options.now() }
    setCondition(.writing)
    memory.withLock { $0.confirm(batch.mark) }
  }

  private func startThread() {
    let (wake, ended) = (wake, ended)
    let interval = options.writeInterval
    let thread = Thread { [weak self] in
      var failures = 0
      while true {
        // While writing fails it is tried less often, up to every eighth time.
        _ = wake.wait(timeout: .now() + interval * Double(1 << min(failures, 3)))
        guard let store = self, !store.inbox.withLock({ $0.isClosed }) else { break }
        failures = store.tick() ? 0 : failures + 1
      }
      ended.signal()
    }
    thread.name = "gallery store"
    thread.stackSize = 1 << 20
    thread.start()
  }

  private func tick() -> Bool {
    do {
      try exclusively { (writer) throws(StoreError) in
        try writePending(&writer)
        writer.checkpointWhenDue()
      }
      return true
    } catch {
      return false
    }
  }
}
