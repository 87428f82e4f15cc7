import Basics
import Compute

/// A layer's cache in the header of a prompt file.
enum PromptLayer {
  /// The name of the tensor of a layer's plane.
  static func name(_ index: Int, _ plane: String) -> String { "layers.\(index).\(plane)" }

  static func json(_ image: CacheImage) -> JSON {
    var object = JSONObject()
    switch image.layout {
    case .keyValue(let layout):
      object["kind"] = "key_value"
      object["heads"] = .integer(layout.heads)
      object["head_size"] = .integer(layout.headSize)
      object["value_head_size"] = .integer(layout.valueHeadSize)
      object["window"] = layout.window.map { .integer($0) } ?? .null
      object["origin"] = .integer(layout.origin)
      object["format"] = .string(layout.format.rawValue)
      if layout.sharesValues { object["shares_values"] = true }
    case .recurrent(let shape):
      object["kind"] = "recurrent"
      object["channels"] = .integer(shape.channels)
      object["taps"] = .integer(shape.taps)
      object["heads"] = .integer(shape.heads)
      object["rows"] = .integer(shape.rows)
      object["columns"] = .integer(shape.columns)
    }
    object["length"] = .integer(image.length)
    object["planes"] = .array(image.planes.map { .string($0.name) })
    return .object(object)
  }

  /// The cache images that the file describes. The caches validate them when they restore.
  static func images(in file: PromptFile.Contents) throws(PromptFileError) -> [CacheImage] {
    let layers: [JSON]
    do {
      layers = try JSON(parsing: file.metadata["layers"]?.asString ?? "").asArray ?? []
    } catch { throw .damaged("layers: \(error)") }
    var images: [CacheImage] = []
    for (index, layer) in layers.enumerated() {
      do {
        var planes: [CacheImage.Plane] = []
        for plane in try layer.array("planes") {
          let plane = plane.asString ?? ""
          guard let tensor = file.tensors[name(index, plane)], tensor.type == .uint8, tensor.shape.count == 2
          else { throw PromptFileError.damaged("\(name(index, plane)) is missing") }
          planes.append(CacheImage.Plane(name: plane, blocks: tensor.blocks))
        }
        images.append(
          CacheImage(layout: try layout(layer), length: try layer.integer("length"), planes: planes))
      } catch let error as PromptFileError {
        throw error
      } catch { throw .damaged("layer \(index): \(error)") }
    }
    return images
  }

  private static func layout(_ layer: JSON) throws -> CacheImage.Layout {
    switch try layer.string("kind") {
    case "key_value":
      guard let format = CacheFormat(rawValue: try layer.string("format")) else {
        throw PromptFileError.version("another number format")
      }
      return .keyValue(
        KeyValueLayout(
          heads: try layer.integer("heads"), headSize: try layer.integer("head_size"),
          valueHeadSize: try layer.integer("value_head_size"), window: try layer.optionalInteger("window"),
          origin: try layer.integer("origin"), format: format,
          sharesValues: layer["shares_values"] == true))
    case "recurrent":
      return .recurrent(
        RecurrentShape(
          channels: try layer.integer("channels"), taps: try layer.integer("taps"),
          heads: try layer.integer("heads"), rows: try layer.integer("rows"),
          columns: try layer.integer("columns")))
    default: throw PromptFileError.version("another kind of cache")
    }
  }
}
