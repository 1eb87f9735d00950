import CGStreamer

/// Runs a pipeline's streaming tasks on threads that are this pipeline's only and end with it.
///
/// GStreamer itself takes threads of a pool that the whole process shares, and puts them back: a thread that has given a
/// part of its share of the processor away, which cannot be undone, would next read a camera.
final class DedicatedTaskPool: Sendable {
  /// What the threads are called.
  let name: String
  /// Whether they have what the others of this process leave.
  let yields: Bool

  init(name: String, yields: Bool) { (self.name, self.yields) = (name, yields) }

  /// Lets all tasks that a pipeline makes from now on run in this pool.
  func adopt(_ pipeline: MediaPipeline) {
    pipeline.onMessage(adoptTask, data: Unmanaged.passRetained(self).toOpaque()) { data in
      if let data { Unmanaged<DedicatedTaskPool>.fromOpaque(data).release() }
    }
  }

  /// A pool for one task.
  fileprivate func instance() -> UnsafeMutablePointer<GstTaskPool>? {
    guard let object = g_object_new_with_properties(Self.type, 0, nil, nil) else { return nil }
    let own = Unmanaged.passRetained(self).toOpaque()
    g_object_set_data_full(object, Self.key, own) { data in
      if let data { Unmanaged<DedicatedTaskPool>.fromOpaque(data).release() }
    }
    let pool = UnsafeMutableRawPointer(object).assumingMemoryBound(to: GstTaskPool.self)
    gst_object_ref_sink(pool)
    return pool
  }

  fileprivate static let key = "throughline-pool"

  /// The type as GObject knows it.
  private static let type = g_type_register_static_simple(
    gst_task_pool_get_type(), "ThroughlineTaskPool", guint(MemoryLayout<GstTaskPoolClass>.size),
    { data, _ in
      guard let data else { return }
      let methods = data.assumingMemoryBound(to: GstTaskPoolClass.self)
      methods.pointee.prepare = { _, _ in }
      methods.pointee.cleanup = { _ in }
      methods.pointee.push = pushTask
      methods.pointee.join = joinTask
    }, guint(MemoryLayout<GstTaskPool>.size), nil, GTypeFlags(rawValue: 0))
}

/// Gives each task that a message tells of to the pool in `data`.
private let adoptTask:
  @convention(c) (UnsafeMutablePointer<GstBus>?, UnsafeMutablePointer<GstMessage>?, gpointer?) ->
    GstBusSyncReply = { _, message, data in
      guard let message, let data, cgst_message_type(message) == GST_MESSAGE_STREAM_STATUS else {
        return GST_BUS_PASS
      }
      var kind = GST_STREAM_STATUS_TYPE_CREATE
      gst_message_parse_stream_status(message, &kind, nil)
      guard let value = gst_message_get_stream_status_object(message), let object = g_value_get_object(value)
      else { return GST_BUS_PASS }
      let task = UnsafeMutableRawPointer(object).assumingMemoryBound(to: GstTask.self)
      let owner = Unmanaged<DedicatedTaskPool>.fromOpaque(data).takeUnretainedValue()
      if kind == GST_STREAM_STATUS_TYPE_CREATE, let pool = owner.instance() {
        gst_task_set_pool(task, pool)
        gst_object_unref(pool)
      }
      // A thread is named after its task, which at its start is named after its pad.
      if kind == GST_STREAM_STATUS_TYPE_ENTER { cgst_set_object_name(task, owner.name) }
      return GST_BUS_PASS
    }

/// A task's work. `@unchecked Sendable`: GStreamer hands it over to be called once, on whichever thread the pool chooses,
/// and keeps the data alive until it has joined the task.
private struct StreamingTask: @unchecked Sendable {
  let run: GstTaskPoolFunction
  let data: gpointer?
}

private let pushTask:
  @convention(c) (
    UnsafeMutablePointer<GstTaskPool>?, GstTaskPoolFunction?, gpointer?,
    UnsafeMutablePointer<UnsafeMutablePointer<GError>?>?
  ) -> gpointer? = { object, run, data, _ in
    guard let object, let run,
      let own = g_object_get_data(
        UnsafeMutableRawPointer(object).assumingMemoryBound(to: GObject.self), DedicatedTaskPool.key)
    else { return nil }
    let pool = Unmanaged<DedicatedTaskPool>.fromOpaque(own).takeUnretainedValue()
    let task = StreamingTask(run: run, data: data)
    let ended = StopSignal()
    DedicatedThread.start(pool.name, stackSize: 8 << 20) { [yields = pool.yields] in
      if yields { DedicatedThread.yieldCurrent() }
      task.run(task.data)
      ended.set()
    }
    return Unmanaged.passRetained(ended).toOpaque()
  }

private let joinTask: @convention(c) (UnsafeMutablePointer<GstTaskPool>?, gpointer?) -> Void = { _, id in
  if let id { Unmanaged<StopSignal>.fromOpaque(id).takeRetainedValue().wait(seconds: .infinity) }
}
