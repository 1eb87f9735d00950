/// What `throughline doctor` says about the inference runtime.
public struct RuntimeStatus: Sendable, Hashable {
  /// The library's file, where one was found.
  public var path: String?
  /// Its version, where it could be loaded.
  public var version: String?
  /// The devices that it can use.
  public var devices: [String]
  /// Where it was looked for, in order.
  public var searched: [String]
  /// What is wrong and how to mend it, in one line; `nil` where the runtime can be used.
  public var problem: String?

  /// Whether networks can be run.
  public var isUsable: Bool { problem == nil }

  /// Looks for OpenVINO, loads it and asks it about itself.
  public static func openVINO(search: OpenVINOSearch = OpenVINOSearch()) -> RuntimeStatus {
    var status = RuntimeStatus(
      path: search.find(), version: nil, devices: [], searched: search.places.map(\.description), problem: nil
    )
    do throws(InferenceError) {
      let runtime = try OpenVINORuntime(search: search)
      status.version = runtime.version
      status.devices = runtime.devices
      if runtime.devices.isEmpty {
        status.problem =
          "the OpenVINO runtime \(runtime.path) finds no device, not even the processor; "
          + "fetch it anew with 'throughline models fetch openvino'"
      }
    } catch {
      status.problem = error.description
    }
    return status
  }
}
