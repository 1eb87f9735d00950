import Imaging
import Inference
import ThroughlineCore

/// Why a crop has no embedding.
public enum EmbedderError: Error, Hashable, CustomStringConvertible {
  /// The network's input is not what its entry in the zoo says.
  case inputShape(model: String, expected: String, found: String)
  /// The crop cannot be cut out.
  case picture(ImagingError)
  /// The network failed.
  case inference(InferenceError)
  /// What the network gave is no embedding.
  case output(model: String, EmbeddingError)

  /// One line: the thing and the mend.
  public var description: String {
    switch self {
    case .inputShape(let model, let expected, let found):
      "the re-ID network '\(model)' takes \(found) where its entry in the zoo says \(expected); verify it with 'throughline models verify \(model)'"
    case .picture(let error): "a crop cannot be cut out: \(error)"
    case .inference(let error): "\(error)"
    case .output(let model, let error): "the re-ID network '\(model)' gave \(error)"
    }
  }
}

/// A re-ID network that is ready to run; each thread makes its own ``Embedder`` from it.
public struct EmbedderFactory: Sendable {
  /// The network that makes the embeddings.
  public let network: EmbeddingNetwork
  /// How the network wants its crops.
  public let specification: TensorImageSpecification
  private let model: any CompiledModel

  /// Takes a compiled network.
  ///
  /// - Parameters:
  ///   - model: input 1 x 3 x height x width, first output with `dimension` elements.
  ///   - specification: how the network wants its crops.
  ///   - name: the network's name in the zoo.
  ///   - version: what distinguishes weights and precision under that name.
  /// - Throws: ``EmbedderError/inputShape(model:expected:found:)`` where model and specification disagree.
  public init(
    model: any CompiledModel, specification: TensorImageSpecification, name: String, version: String
  ) throws(EmbedderError) {
    let shape = model.input.shape
    guard model.input.elementCount == specification.elementCount else {
      throw .inputShape(model: name, expected: "\(specification.size)x3", found: "\(shape)")
    }
    self.model = model
    self.specification = specification
    let dimension = model.outputs.first?.elementCount ?? 0
    network = EmbeddingNetwork(name: name, version: version, dimension: dimension)
  }

  /// Makes an embedder for one thread.
  public func makeEmbedder() throws(EmbedderError) -> Embedder {
    do {
      return Embedder(request: try model.makeRequest(), specification: specification, network: network)
    } catch { throw .inference(error) }
  }
}

/// Turns crops into embeddings. Belongs to one thread; takes no memory per crop besides the result.
public final class Embedder {
  /// The network that makes the embeddings.
  public let network: EmbeddingNetwork
  private let request: any InferenceRequest
  private let specification: TensorImageSpecification
  private let scaler = PictureScaler()

  init(request: any InferenceRequest, specification: TensorImageSpecification, network: EmbeddingNetwork) {
    self.request = request
    self.specification = specification
    self.network = network
  }

  /// The embedding of a person.
  ///
  /// - Parameters:
  ///   - picture: the frame.
  ///   - box: the person in pixels of the frame; what reaches over the edge is cut off.
  public func embed(_ picture: Picture, box: BoundingBox) throws(EmbedderError) -> Embedding {
    do { _ = try scaler.fill(request.input, from: picture, region: box, specification: specification) } catch
    {
      throw .picture(error)
    }
    let values: UnsafeBufferPointer<Float>
    do {
      try request.run()
      values = try request.floats(0)
    } catch { throw .inference(error) }
    do { return try Embedding(normalizing: Array(values)) } catch {
      throw .output(model: network.name, error)
    }
  }

  /// What a crop looks like in grey.
  public func measure(_ picture: Picture, box: BoundingBox) throws(EmbedderError) -> CropMeasures {
    do { return try scaler.measure(picture, region: box) } catch { throw .picture(error) }
  }
}
