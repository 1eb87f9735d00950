import CGStreamer
import Foundation
import Synchronization
import ThroughlineCore

/// When a camera says that its pictures were taken: the sender reports of RTCP (RFC 3550, 6.4.1) tie the time stamps of
/// its RTP packets to its wall clock.
///
/// The packets of a frame and the decoded frame have the same presentation time in the pipeline, so that each frame
/// finds the RTP time stamp that it came with. The pipeline's threads write here, the source's thread reads.
final class SenderClock: Sendable {
  /// A moment of the camera's wall clock and the RTP time stamp that belongs to it.
  struct Report: Hashable {
    /// The camera's wall clock, in nanoseconds since 1970.
    var wallClock: Int64
    /// The RTP time stamp at that moment.
    var rtpTime: UInt32

    /// Reads the beginning of an RTCP packet.
    ///
    /// - Returns: `nil` where it is no sender report, or the camera does not know the time.
    init?(rtcp bytes: [UInt8]) {
      guard bytes.count >= 20, bytes[0] >> 6 == 2, bytes[1] == 200 else { return nil }
      func word(_ index: Int) -> UInt32 { bytes[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) } }
      let (seconds, fraction) = (Int64(word(8)), Int64(word(12)))
      // A camera that does not know the time sends zero or counts from its start (RFC 3550).
      guard seconds > Self.secondsFrom1900To1970 else { return nil }
      wallClock = (seconds - Self.secondsFrom1900To1970) * 1_000_000_000 + (fraction * 1_000_000_000) >> 32
      rtpTime = word(16)
    }

    private static let secondsFrom1900To1970: Int64 = 2_208_988_800
  }

  private struct Packet {
    var presentationTime: UInt64
    var rtpTime: UInt32
  }

  private struct State {
    var report: Report?
    var clockRate = 0.0
    /// The newest frames' packets, written in turn.
    var packets: [Packet] = []
    var next = 0
  }

  /// So many frames may be on their way through the decoder.
  private static let remembered = 256

  private let state: Mutex<State>

  init() {
    var state = State()
    state.packets.reserveCapacity(Self.remembered)
    self.state = Mutex(state)
  }

  /// A sender report has come.
  func note(_ report: Report) { state.withLock { $0.report = report } }

  /// How many steps of the RTP time make a second.
  func note(clockRate: Int) { state.withLock { $0.clockRate = Double(max(0, clockRate)) } }

  /// A packet has come; those of one frame have the same times.
  func note(rtpTime: UInt32, presentationTime: UInt64) {
    state.withLock { state in
      if let last = state.packets.indices.contains(state.next - 1) ? state.packets[state.next - 1] : nil,
        last.rtpTime == rtpTime, last.presentationTime == presentationTime
      {
        return
      }
      let packet = Packet(presentationTime: presentationTime, rtpTime: rtpTime)
      if state.next < state.packets.count {
        state.packets[state.next] = packet
      } else {
        state.packets.append(packet)
      }
      state.next = (state.next + 1) % Self.remembered
    }
  }

  /// When the frame of a presentation time was taken, by the camera's clock; `nil` before its first report.
  func captureTime(presentationTime: UInt64) -> Timestamp? {
    state.withLock { state in
      guard let report = state.report, state.clockRate > 0 else { return nil }
      func distance(_ packet: Packet) -> Int64 {
        Int64(bitPattern: presentationTime &- packet.presentationTime)
      }
      // Decoders keep the time of a frame; one that guesses a missing time is near.
      guard let nearest = state.packets.min(by: { distance($0).magnitude < distance($1).magnitude }),
        distance(nearest).magnitude < 1_000_000_000
      else { return nil }
      // The stamps run over after some hours; a difference does not, as long as it is short.
      let steps = Int32(truncatingIfNeeded: nearest.rtpTime &- report.rtpTime)
      let nanoseconds = Int64(Double(steps) / state.clockRate * 1e9) + distance(nearest)
      return Timestamp(nanoseconds: report.wallClock + nanoseconds)
    }
  }

  /// Listens to an `rtspsrc`; this object must live as long as its pipeline.
  func listen(to source: ElementPointer) {
    cgst_connect_new_manager(source, listenToManager, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Listens to the packets that leave a pad.
  func listen(to pad: UnsafeMutablePointer<GstPad>, caps: UnsafeMutablePointer<GstCaps>?) {
    var rate: gint = 0
    if let caps, let structure = gst_caps_get_structure(caps, 0),
      gst_structure_get_int(structure, "clock-rate", &rate) != 0
    {
      note(clockRate: Int(rate))
    }
    let types = GstPadProbeType(
      rawValue: GST_PAD_PROBE_TYPE_BUFFER.rawValue | GST_PAD_PROBE_TYPE_BUFFER_LIST.rawValue)
    gst_pad_add_probe(pad, types, noteProbedPackets, Unmanaged.passUnretained(self).toOpaque(), nil)
  }

  fileprivate func note(packet buffer: UnsafeMutablePointer<GstBuffer>) {
    let time = cgst_buffer_pts(buffer)
    var header: (UInt32, UInt32) = (0, 0)
    let length = withUnsafeMutableBytes(of: &header) { gst_buffer_extract(buffer, 0, $0.baseAddress, 8) }
    guard time != cgst_no_time(), length == 8 else { return }
    note(rtpTime: UInt32(bigEndian: header.1), presentationTime: UInt64(time))
  }
}

private func clock(_ data: gpointer?) -> SenderClock? {
  data.map { Unmanaged<SenderClock>.fromOpaque($0).takeUnretainedValue() }
}

private let listenToManager: @convention(c) (ElementPointer?, ElementPointer?, gpointer?) -> Void = {
  _, manager, data in
  if let manager { cgst_connect_new_jitterbuffer(manager, listenToJitterBuffer, data) }
}

private let listenToJitterBuffer:
  @convention(c) (ElementPointer?, ElementPointer?, guint, guint, gpointer?) -> Void = {
    _, buffer, _, _, data in
    if let buffer { cgst_connect_handle_sync(buffer, noteReport, data) }
  }

private let noteReport:
  @convention(c) (ElementPointer?, UnsafeMutablePointer<GstStructure>?, gpointer?) -> Void = {
    _, structure, data in
    guard let structure, let buffer = cgst_structure_buffer(structure, "sr-buffer") else { return }
    var bytes = [UInt8](repeating: 0, count: 20)
    guard gst_buffer_extract(buffer, 0, &bytes, 20) == 20, let report = SenderClock.Report(rtcp: bytes) else {
      return
    }
    clock(data)?.note(report)
  }

private let noteProbedPackets:
  @convention(c) (UnsafeMutablePointer<GstPad>?, UnsafeMutablePointer<GstPadProbeInfo>?, gpointer?)
    -> GstPadProbeReturn = { _, info, data in
      guard let info, let clock = clock(data) else { return GST_PAD_PROBE_OK }
      if let buffer = cgst_probe_buffer(info) {
        clock.note(packet: buffer)
      } else if let list = cgst_probe_buffer_list(info) {
        for index in 0..<gst_buffer_list_length(list) {
          if let buffer = gst_buffer_list_get(list, index) { clock.note(packet: buffer) }
        }
      }
      return GST_PAD_PROBE_OK
    }
