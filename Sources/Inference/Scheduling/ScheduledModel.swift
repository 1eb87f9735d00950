/// A network whose runs wait for their turn at a scheduler. Filling the input and reading the outputs do not.
public struct ScheduledModel: CompiledModel {
  private let model: any CompiledModel
  private let scheduler: InferenceScheduler
  private let network: String

  /// - Parameters:
  ///   - model: what is run.
  ///   - scheduler: who says when.
  ///   - network: the name of one of the scheduler's policies.
  public init(_ model: any CompiledModel, scheduler: InferenceScheduler, network: String) {
    self.model = model
    self.scheduler = scheduler
    self.network = network
  }

  /// The model's name for messages.
  public var name: String { model.name }
  /// The only input.
  public var input: TensorDescription { model.input }
  /// The outputs in the model's order.
  public var outputs: [TensorDescription] { model.outputs }

  /// The place of an output in ``outputs``, by any of its names.
  public func outputIndex(named name: String) throws(InferenceError) -> Int {
    try model.outputIndex(named: name)
  }

  /// Makes the memory for one run at a time.
  public func makeRequest() throws(InferenceError) -> any InferenceRequest {
    Request(request: try model.makeRequest(), scheduler: scheduler, network: network)
  }

  private final class Request: InferenceRequest {
    let request: any InferenceRequest
    let scheduler: InferenceScheduler
    let network: String

    init(request: any InferenceRequest, scheduler: InferenceScheduler, network: String) {
      self.request = request
      self.scheduler = scheduler
      self.network = network
    }

    var input: UnsafeMutableBufferPointer<Float> { request.input }

    func run() throws(InferenceError) {
      do {
        try scheduler.run(network) { try request.run() }
      } catch let error as InferenceError {
        throw error
      } catch {
        throw .runFailed(model: network, reason: "\(error)")
      }
    }

    func output(_ index: Int) throws(InferenceError) -> TensorView { try request.output(index) }
  }
}
