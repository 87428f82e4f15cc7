import CKernels

// Products of a matrix per head, as a mixture of experts computes them: a head is an expert that all rows choose.
extension CPUBackend {
  /// Each head's first columns times the head's own matrix, followed by the head's other columns.
  public func headLinear(_ x: Tensor, _ weight: Parameter) -> Tensor {
    let matrix = matrix(weight)
    let heads = matrix.matrices
    precondition(
      x.columns % heads == 0 && x.columns / heads >= matrix.columns,
      "\(x.columns) columns for \(heads) heads of \(matrix.columns)")
    let headSize = x.columns / heads, tail = headSize - matrix.columns, width = matrix.rows + tail
    let x = x.stride % headSize == 0 ? x : contiguous(x)
    let (result, y) = make(rows: x.rows, columns: heads * width)
    guard x.rows > 0 else { return result }
    let step = x.stride / headSize
    let rows = (0..<heads).flatMap { head in (0..<x.rows).map { Int32($0 * step + head) } }
    let starts = (0...heads).map { Int32($0 * x.rows) }
    var layer = sotto_expert_layer(weight: matrix, bias: nil, bias_format: SOTTO_FLOAT32)
    var call = sotto_experts_call(
      x: pointer(x), x_stride: headSize, x_rows: nil, starts: nil, layers: nil, layer_count: 1, y: y,
      y_stride: heads * width, precision: productPrecision, splits_pairs: 0,
      y_apart: width)
    let status = rows.withUnsafeBufferPointer { rows in
      starts.withUnsafeBufferPointer { starts in
        withUnsafePointer(to: &layer) { layer in
          call.x_rows = rows.baseAddress
          call.starts = starts.baseAddress
          call.layers = layer
          return sotto_experts(workspace.handle, &call)
        }
      }
    }
    precondition(status == 0, "no memory for a matrix product")
    if tail > 0 {
      for row in 0..<x.rows {
        for head in 0..<heads {
          let source = pointer(x) + row * x.stride + head * headSize + matrix.columns
          (y + (row * heads + head) * width + matrix.rows).update(from: source, count: tail)
        }
      }
    }
    return result
  }

  /// The columns of `a` followed by those of `b`.
  public func joined(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.rows == b.rows, "\(a.rows) rows beside \(b.rows)")
    let (result, y) = make(rows: a.rows, columns: a.columns + b.columns)
    for row in 0..<a.rows {
      let start = y + row * result.columns
      start.update(from: pointer(a) + row * a.stride, count: a.columns)
      (start + a.columns).update(from: pointer(b) + row * b.stride, count: b.columns)
    }
    return result
  }

  /// `x`, or a copy of it if it is a view whose rows are apart.
  func contiguous(_ x: Tensor) -> Tensor {
    guard x.stride != x.columns else { return x }
    let (result, y) = make(rows: x.rows, columns: x.columns)
    for row in 0..<x.rows {
      (y + row * x.columns).update(from: pointer(x) + row * x.stride, count: x.columns)
    }
    return result
  }
}
