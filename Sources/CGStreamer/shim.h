// Wrappers for what Swift cannot import from GStreamer: macros, casts and functions with variable arguments.
#ifndef CGSTREAMER_SHIM_H
#define CGSTREAMER_SHIM_H

#include <gst/gst.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <gst/video/video.h>

static inline GstBin *cgst_bin(GstElement *element) { return GST_BIN_CAST(element); }
static inline GstAppSink *cgst_app_sink(GstElement *element) { return GST_APP_SINK_CAST(element); }
static inline GstAppSrc *cgst_app_source(GstElement *element) { return GST_APP_SRC_CAST(element); }

// Whether the pad, or the pad behind it, takes data: the ghost pad of a bin is active before its bin is.
static inline gboolean cgst_takes_data(GstPad *pad) {
  if (!GST_IS_GHOST_PAD(pad)) return gst_pad_is_active(pad);
  GstPad *target = gst_ghost_pad_get_target(GST_GHOST_PAD_CAST(pad));
  if (target == NULL) return FALSE;
  gboolean active = gst_pad_is_active(pad) && cgst_takes_data(target);
  gst_object_unref(target);
  return active;
}

static inline gboolean cgst_has_property(gpointer object, const char *name) {
  return g_object_class_find_property(G_OBJECT_GET_CLASS(object), name) != NULL;
}
static inline void cgst_set_string(gpointer object, const char *name, const char *value) {
  g_object_set(object, name, value, NULL);
}
static inline void cgst_set_object_name(gpointer object, const char *name) {
  gst_object_set_name(GST_OBJECT_CAST(object), name);
}
static inline void cgst_set_object(gpointer object, const char *name, gpointer value) {
  g_object_set(object, name, value, NULL);
}
static inline void cgst_set_boolean(gpointer object, const char *name, gboolean value) {
  g_object_set(object, name, value, NULL);
}
static inline void cgst_set_caps(gpointer object, const char *name, GstCaps *value) {
  g_object_set(object, name, value, NULL);
}
// Takes the value as text, whatever the property's type is; not for free text.
static inline void cgst_set_parsed(gpointer object, const char *name, const char *value) {
  gst_util_set_object_arg(G_OBJECT(object), name, value);
}

static inline gulong cgst_connect_pad_added(
    gpointer element, void (*callback)(GstElement *, GstPad *, gpointer), gpointer data) {
  return g_signal_connect_data(element, "pad-added", G_CALLBACK(callback), data, NULL, (GConnectFlags)0);
}
static inline gulong cgst_connect_no_more_pads(
    gpointer element, void (*callback)(GstElement *, gpointer), gpointer data) {
  return g_signal_connect_data(element, "no-more-pads", G_CALLBACK(callback), data, NULL, (GConnectFlags)0);
}
static inline gulong cgst_connect_autoplug_continue(
    gpointer element, gboolean (*callback)(GstElement *, GstPad *, GstCaps *, gpointer), gpointer data) {
  return g_signal_connect_data(element, "autoplug-continue", G_CALLBACK(callback), data, NULL, (GConnectFlags)0);
}
static inline gulong cgst_connect_element_added(
    gpointer bin, void (*callback)(GstBin *, GstElement *, gpointer), gpointer data) {
  return g_signal_connect_data(bin, "element-added", G_CALLBACK(callback), data, NULL, (GConnectFlags)0);
}
static inline gulong cgst_connect_select_stream(
    gpointer element, gboolean (*callback)(GstElement *, guint, GstCaps *, gpointer), gpointer data) {
  return g_signal_connect_data(element, "select-stream", G_CALLBACK(callback), data, NULL, (GConnectFlags)0);
}
static inline gulong cgst_connect_new_manager(
    gpointer element, void (*callback)(GstElement *, GstElement *, gpointer), gpointer data) {
  return g_signal_connect_data(element, "new-manager", G_CALLBACK(callback), data, NULL, (GConnectFlags)0);
}
// 0 where the element knows no such signal.
static inline gulong cgst_connect_new_jitterbuffer(
    gpointer element, void (*callback)(GstElement *, GstElement *, guint, guint, gpointer), gpointer data) {
  if (g_signal_lookup("new-jitterbuffer", G_OBJECT_TYPE(element)) == 0) return 0;
  return g_signal_connect_data(element, "new-jitterbuffer", G_CALLBACK(callback), data, NULL, (GConnectFlags)0);
}
static inline gulong cgst_connect_handle_sync(
    gpointer element, void (*callback)(GstElement *, GstStructure *, gpointer), gpointer data) {
  if (g_signal_lookup("handle-sync", G_OBJECT_TYPE(element)) == 0) return 0;
  return g_signal_connect_data(element, "handle-sync", G_CALLBACK(callback), data, NULL, (GConnectFlags)0);
}
static inline GstBuffer *cgst_structure_buffer(const GstStructure *structure, const char *name) {
  const GValue *value = gst_structure_get_value(structure, name);
  return value != NULL && GST_VALUE_HOLDS_BUFFER(value) ? gst_value_get_buffer(value) : NULL;
}
static inline gulong cgst_connect_media_configure(
    gpointer factory, void (*callback)(GstRTSPMediaFactory *, GstRTSPMedia *, gpointer), gpointer data,
    void (*release)(gpointer, GClosure *)) {
  return g_signal_connect_data(
      factory, "media-configure", G_CALLBACK(callback), data, release, (GConnectFlags)0);
}
static inline gulong cgst_connect_unprepared(
    gpointer media, void (*callback)(GstRTSPMedia *, gpointer), gpointer data,
    void (*release)(gpointer, GClosure *)) {
  return g_signal_connect_data(media, "unprepared", G_CALLBACK(callback), data, release, (GConnectFlags)0);
}

static inline void cgst_unref_sample(GstSample *sample) { gst_sample_unref(sample); }
static inline void cgst_unref_buffer(GstBuffer *buffer) { gst_buffer_unref(buffer); }
static inline void cgst_unref_message(GstMessage *message) { gst_message_unref(message); }
static inline void cgst_unref_caps(GstCaps *caps) { gst_caps_unref(caps); }
static inline GstCaps *cgst_ref_caps(GstCaps *caps) { return gst_caps_ref(caps); }

static inline GstMessageType cgst_message_type(GstMessage *message) { return GST_MESSAGE_TYPE(message); }
static inline GstPadProbeType cgst_probe_type(GstPadProbeInfo *info) { return info->type; }
static inline GstQuery *cgst_probe_allocation_query(GstPadProbeInfo *info) {
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY(info);
  return query != NULL && GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION ? query : NULL;
}
static inline GstBuffer *cgst_probe_buffer(GstPadProbeInfo *info) {
  return info->type & GST_PAD_PROBE_TYPE_BUFFER ? GST_PAD_PROBE_INFO_BUFFER(info) : NULL;
}
static inline GstBufferList *cgst_probe_buffer_list(GstPadProbeInfo *info) {
  return info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST ? GST_PAD_PROBE_INFO_BUFFER_LIST(info) : NULL;
}
// Whether the probe sees a tag that says that pictures are turned or mirrored.
static inline gboolean cgst_probe_turns(GstPadProbeInfo *info) {
  GstEvent *event = (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) ? GST_PAD_PROBE_INFO_EVENT(info) : NULL;
  if (event == NULL || GST_EVENT_TYPE(event) != GST_EVENT_TAG) return FALSE;
  GstTagList *tags = NULL;
  gst_event_parse_tag(event, &tags);
  gchar *orientation = NULL;
  if (tags == NULL || !gst_tag_list_get_string(tags, GST_TAG_IMAGE_ORIENTATION, &orientation)) return FALSE;
  const gboolean turns = g_strcmp0(orientation, "rotate-0") != 0;
  g_free(orientation);
  return turns;
}
static inline gboolean cgst_probe_is_end(GstPadProbeInfo *info) {
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  return event != NULL && GST_EVENT_TYPE(event) == GST_EVENT_EOS;
}

static inline GstClockTime cgst_no_time(void) { return GST_CLOCK_TIME_NONE; }
static inline GstClockTime cgst_buffer_pts(GstBuffer *buffer) { return GST_BUFFER_PTS(buffer); }
static inline GstClockTime cgst_buffer_dts(GstBuffer *buffer) { return GST_BUFFER_DTS(buffer); }
static inline GstClockTime cgst_buffer_duration(GstBuffer *buffer) { return GST_BUFFER_DURATION(buffer); }
static inline void cgst_set_buffer_times(GstBuffer *buffer, GstClockTime pts, GstClockTime dts, GstClockTime duration) {
  GST_BUFFER_PTS(buffer) = pts;
  GST_BUFFER_DTS(buffer) = dts;
  GST_BUFFER_DURATION(buffer) = duration;
}

static inline GstVideoFormat cgst_info_format(const GstVideoInfo *info) { return GST_VIDEO_INFO_FORMAT(info); }
static inline int cgst_frame_stride(const GstVideoFrame *frame, int plane) {
  return GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane);
}
static inline const guint8 *cgst_frame_data(const GstVideoFrame *frame, int plane) {
  return (const guint8 *)GST_VIDEO_FRAME_PLANE_DATA(frame, plane);
}

static inline GstRTSPToken *cgst_new_token(const char *role) {
  return gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, role, NULL);
}
static inline void cgst_unref_token(GstRTSPToken *token) { gst_rtsp_token_unref(token); }
static inline void cgst_allow_role(GstRTSPMediaFactory *factory, const char *role) {
  gst_rtsp_media_factory_add_role(
      factory, role, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
      GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
}
#endif
