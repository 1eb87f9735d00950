import Association
import Configuration
import Foundation
import Gallery
import Logging
import Media
import Store
import Synchronization
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Pipeline

/// A run that holds a gallery, without cameras: the coordinator, the store, and the socket beside the file.
private struct HoldingRun {
  let fixture: GalleryFixture
  let coordinator: Coordinator
  let store: GalleryStore
  let channel: GalleryChannel
  private let keeper: GalleryKeeper
  private let finished = DispatchSemaphore(value: 0)
  private let camera = CameraName(sanitizing: "door")

  init(_ values: [String: ConfigurationValue] = [:], isOffline: Bool = false) throws {
    fixture = try GalleryFixture()
    let settings = try fixture.settings("g.db", values)
    let store = try GalleryStore(path: settings.file ?? "", credential: settings.credential())
    self.store = store
    keeper = GalleryKeeper(store: store, retention: RetentionPolicy(), logger: Logger(label: "test"))
    let finished = finished
    let coordinator = Coordinator(
      cameras: [camera], isOrdered: isOffline,
      associator: try Associator(
        network: GalleryFixture.network, gallery: Gallery(contents: store.contents)),
      events: nil, writesFrames: false, start: GalleryFixture.start, gallery: keeper, deliver: { _ in },
      finished: { _ in finished.signal() })
    self.coordinator = coordinator
    coordinator.begin()
    channel = try #require(
      GalleryChannel(gallery: store.path) { request in
        try request.perform(
          in: GallerySession(of: coordinator, store: store, settings: settings, actor: request.actor))
      })
  }

  func ask(_ action: GalleryRequest.Action, reason: String = "") throws -> GalleryReply {
    try GalleryRequest(action, reason: reason, actor: "anna").perform(fixture.settings())
  }

  func end() {
    coordinator.take(.ended(camera))
    finished.wait()
    channel.close()
    var isWritten = false
    #expect(keeper.close(isWritten: &isWritten).isEmpty)
  }
}

@Suite struct GalleryChannelTests {
  private let one = IdentityID(1)
  private let three = IdentityID(3)

  /// A run without a gallery file would otherwise know more and more people, for as long as it lives.
  @Test(arguments: [(false, false), (true, true)])
  func whoeverIsTooLongAgoIsForgottenWithoutAFileToo(isWholeRecording: Bool, areKnown: Bool) throws {
    let fixture = try GalleryFixture()
    let store = try GalleryStore(
      path: fixture.settings().file ?? "", credential: fixture.settings().credential())
    var work = CoordinatorWork(
      associator: try Associator(
        network: GalleryFixture.network, gallery: Gallery(contents: store.contents)),
      isWholeRecording: isWholeRecording, writesFrames: false, events: nil, gallery: nil,
      retention: RetentionPolicy(), start: GalleryFixture.start)
    #expect(!work.gallery.contents.identities.isEmpty)
    let later = VideoFrame(
      camera: TestFrames.camera, number: 1,
      captureTime: GalleryFixture.start.advanced(bySeconds: 30 * 86_400), picture: try TestFrames.picture())
    _ = work.identify(LaneResult(frame: later, evidence: .detected([])))
    #expect(work.gallery.contents.identities.isEmpty == !areKnown)
    try store.close()
  }

  @Test func aRunCorrectsItsGalleryWhenAsked() throws {
    let run = try HoldingRun()
    guard case .corrected(let merge, _) = try run.ask(.merge(three, into: one), reason: "same coat") else {
      Issue.record("no correction")
      return
    }
    #expect(merge.identity == one && merge.other == three && merge.source == "person")
    #expect(try run.coordinator.currentGallery().resolve(three) == one, "in the run's own memory")
    // It is in the file before the answer comes.
    let snapshot = try GallerySnapshot(
      path: run.store.path, credential: run.fixture.settings().credential())
    #expect(snapshot.contents.resolve(three) == one)
    #expect(snapshot.events(about: one).contains { $0.event.kind == "identity.merged" })
    _ = try run.ask(.undo(nil))
    #expect(try run.coordinator.currentGallery().isVetoed(one, three))
    #expect(throws: PipelineError.self) { _ = try run.ask(.merge(three, into: one)) }
    guard case .takenBack = try run.ask(.notSame(one, three, isTakenBack: true)) else {
      Issue.record("the veto is still there")
      return
    }
    guard case .corrected = try run.ask(.notSame(one, three, isTakenBack: false)),
      case .unchanged = try run.ask(.notSame(three, one, isTakenBack: false))
    else {
      Issue.record("the veto is not there")
      return
    }
    // The run has no purpose for names, whoever asks.
    #expect {
      _ = try run.ask(.name(one, "Ada"))
    } throws: { ($0 as? PipelineError)?.isUsage == true }
    run.end()
    let log = try GalleryStore.auditLog(
      path: run.store.path, credential: run.fixture.settings().credential())
    #expect(log.contains { $0.action == .correct && $0.reason == "same coat" && $0.actor == "anna" })
    // Afterwards the same request is done here.
    guard case .corrected = try run.ask(.undo(nil)) else {
      Issue.record("no correction")
      return
    }
    #expect(!FileManager.default.fileExists(atPath: GalleryChannel.socket(of: run.store.path)))
  }

  @Test func whatARunWasTaughtMovesItsThreshold() throws {
    let run = try HoldingRun()
    let prior = SimilarityPrior.of(GalleryFixture.network)
    let before = try run.coordinator.currentGallery().calibrator(prior: prior).positives.weight
    _ = try run.ask(.merge(three, into: one))
    let after = try run.coordinator.currentGallery().calibrator(prior: prior).positives.weight
    #expect(after > before)
    run.end()
  }

  @Test func aKeyIsRenewedWhileTheRunGoesOn() throws {
    let run = try HoldingRun()
    let before = run.store.keyIdentifier
    let isWriting = Atomic<Bool>(true)
    let store = run.store
    let written = Mutex(0)
    let writer = Thread {
      while isWriting.load(ordering: .relaxed) {
        store.count("door.sightings", at: GalleryFixture.start)
        written.withLock { $0 += 1 }
        usleep(500)
      }
    }
    writer.start()
    for _ in 0..<3 {
      guard case .rotated(let from, let to) = try run.ask(.rotateKey(keyFile: nil, passphrase: nil)) else {
        Issue.record("not rotated")
        return
      }
      #expect(from != to)
      // Readers find the new key at once.
      let snapshot = try GallerySnapshot(
        path: run.store.path, credential: run.fixture.settings().credential())
      #expect(snapshot.keyIdentifier == to && snapshot.contents.identities.count == 4)
    }
    _ = try run.ask(.merge(three, into: one))
    isWriting.store(false, ordering: .relaxed)
    while !writer.isFinished { usleep(1000) }
    #expect(run.store.keyIdentifier != before)
    #expect(run.store.status.condition == .writing)
    let counted = try run.store.counts().reduce(0) { $0 + $1.count }
    #expect(counted == written.withLock { $0 }, "nothing of what came meanwhile is lost")
    run.end()
    let again = try run.fixture.session()
    #expect(again.gallery.resolve(three) == one)
    try again.close()
  }

  @Test func aPersonIsFoundExportedAndForgottenInARun() throws {
    let run = try HoldingRun(GalleryFixture.naming)
    let look = try GalleryFixture.embedding(of: 2, look: 9).values
    let found = try run.ask(
      .search(
        looks: [look], network: GalleryFixture.network, limit: 3, filter: .init(),
        crops: run.fixture.folder.file("found")),
      reason: "lost child")
    guard case .found(let hits) = found else {
      Issue.record("\(found)")
      return
    }
    #expect(hits.first?.identity == IdentityID(2) && hits.first?.crops.first?.file != nil)
    guard
      case .found(let likely) = try run.ask(.likely(looks: [look], network: GalleryFixture.network, limit: 9))
    else {
      Issue.record("nobody was searched for")
      return
    }
    #expect(likely.map(\.identity).first == IdentityID(2))
    #expect(likely.allSatisfy { $0.sightings.isEmpty && $0.crops.isEmpty })
    guard case .named = try run.ask(.name(IdentityID(2), "Ada")),
      case .wrote(let files, unreadable: 0) = try run.ask(
        .export(IdentityID(2), folder: run.fixture.folder.file("out"))),
      case .forgotten(let receipts, _) = try run.ask(.forget([IdentityID(2)]), reason: "asked")
    else {
      Issue.record("wrong answer")
      return
    }
    #expect(try String(contentsOfFile: files[0], encoding: .utf8).contains("Ada"))
    #expect(receipts[0].counts.prototypes == 2 && receipts[0].counts.crops == 1 && receipts[0].isCompacted)
    #expect(try run.coordinator.currentGallery()[IdentityID(2)] == nil)
    #expect(
      try GalleryStore.isValid(
        receipts[0], path: run.store.path, credential: run.fixture.settings().credential()))
    #expect(throws: PipelineError.self) { _ = try run.ask(.forget([IdentityID(77)])) }
    run.end()
    #expect(run.store.status.rejected == 0, "\(run.store.status.latestRejection ?? "")")
  }

  @Test func aRunOverRecordingsTakesNoCorrections() throws {
    let run = try HoldingRun(isOffline: true)
    #expect {
      _ = try run.ask(.merge(three, into: one))
    } throws: { "\($0)".contains("--offline") }
    guard case .rotated = try run.ask(.rotateKey(keyFile: nil, passphrase: nil)) else {
      Issue.record("not rotated")
      return
    }
    run.end()
  }

  @Test func theSocketIsItsOwnersAndStrangersAreAnswered() throws {
    let run = try HoldingRun()
    let path = GalleryChannel.socket(of: run.store.path)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
    #expect(mode?.intValue == 0o600)
    let answer = try #require(LocalSocket.ask(Data("hello".utf8), at: path, waitingAtMost: 10))
    #expect(String(decoding: answer, as: UTF8.self).contains("not understood"))
    // Without the key there is nothing to ask.
    var stranger = try run.fixture.settings()
    stranger.keyFile = run.fixture.folder.file("other.key")
    try GalleryKeyFile.create(at: stranger.keyFile ?? "")
    #expect {
      _ = try GalleryRequest(.undo(nil), reason: "").perform(stranger)
    } throws: { "\($0)".contains("right key file") }
    run.end()
  }

  @Test func aSocketThatAKilledRunLeftIsReplaced() throws {
    let folder = try TemporaryFolder()
    let path = folder.file(
      "a folder whose name is far longer than the hundred and seven bytes of an address/")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let gallery = path + "/g.db"
    #expect(FileManager.default.createFile(atPath: GalleryChannel.socket(of: gallery), contents: Data()))
    let channel = try #require(GalleryChannel(gallery: gallery) { _ in .unchanged })
    guard case .unchanged? = try GalleryChannel.ask(GalleryRequest(.undo(nil), reason: ""), gallery: gallery)
    else {
      Issue.record("no answer")
      return
    }
    channel.close()
    let nobody = try GalleryChannel.ask(GalleryRequest(.undo(nil), reason: ""), gallery: gallery)
    if nobody != nil { Issue.record("somebody answers") }
  }
}
