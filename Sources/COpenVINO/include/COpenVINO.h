// OpenVINO's C API as a table of functions that is filled at run time.
//
// Nothing of OpenVINO is needed to build this target: the few types and prototypes below are declared from the
// published C API reference (ov_core, ov_model, ov_compiled_model, ov_infer_request, ov_tensor). The handles are
// opaque here. Every function returns 0 on success and a negative status otherwise; `last_error` then makes a copy
// of the process's latest error text, to be released with `free_text`. `error_info` gives a static text.
#ifndef THROUGHLINE_COPENVINO_H
#define THROUGHLINE_COPENVINO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct ov_core cov_core;
typedef struct ov_model cov_model;
typedef struct ov_compiled_model cov_compiled_model;
typedef struct ov_infer_request cov_infer_request;
typedef struct ov_tensor cov_tensor;
typedef struct ov_output_const_port cov_port;

// A shape whose `dims` were allocated by the library (ov_shape_t).
typedef struct {
  int64_t rank;
  int64_t *_Nullable dims;
} cov_shape;

// A dimension between two inclusive limits (ov_dimension_t, also the rank of a partial shape).
typedef struct {
  int64_t min;
  int64_t max;
} cov_dimension;

// A shape with possibly open dimensions (ov_partial_shape_t).
typedef struct {
  cov_dimension rank;
  cov_dimension *_Nullable dims;
} cov_partial_shape;

// The library's version (ov_version_t).
typedef struct {
  const char *_Nullable build_number;
  const char *_Nullable description;
} cov_version;

// Names of the devices that the library can use (ov_available_devices_t).
typedef struct {
  char *_Nullable *_Nullable names;
  size_t count;
} cov_devices;

// The functions of one loaded library. The variadic ones are reached through `cov_compile_model`.
typedef struct {
  int32_t (*get_version)(cov_version *version);
  void (*version_free)(cov_version *version);
  const char *_Nullable (*_Nonnull error_info)(int32_t status);
  const char *_Nullable (*_Nonnull last_error)(void);
  void (*free_text)(const char *text);

  int32_t (*core_create)(cov_core *_Nullable *_Nonnull core);
  void (*core_free)(cov_core *core);
  int32_t (*core_read_model)(const cov_core *core, const char *model_path, const char *_Nullable weights_path,
                             cov_model *_Nullable *_Nonnull model);
  int32_t (*core_available_devices)(const cov_core *core, cov_devices *devices);
  void (*devices_free)(cov_devices *devices);
  int32_t (*core_get_property)(const cov_core *core, const char *device, const char *key,
                               char *_Nullable *_Nonnull value);

  void (*model_free)(cov_model *model);
  int32_t (*model_inputs_size)(const cov_model *model, size_t *count);
  int32_t (*model_outputs_size)(const cov_model *model, size_t *count);
  int32_t (*model_input_by_index)(const cov_model *model, size_t index, cov_port *_Nullable *_Nonnull port);
  int32_t (*model_output_by_index)(const cov_model *model, size_t index, cov_port *_Nullable *_Nonnull port);
  int32_t (*model_reshape_single_input)(const cov_model *model, const cov_partial_shape shape);

  int32_t (*partial_shape_create_static)(int64_t rank, const int64_t *dims, cov_partial_shape *shape);
  void (*partial_shape_free)(cov_partial_shape *shape);
  int32_t (*shape_create)(int64_t rank, const int64_t *dims, cov_shape *shape);
  int32_t (*shape_free)(cov_shape *shape);

  int32_t (*port_any_name)(const cov_port *port, char *_Nullable *_Nonnull name);
  int32_t (*port_partial_shape)(const cov_port *port, cov_partial_shape *shape);
  int32_t (*port_element_type)(const cov_port *port, int32_t *type);
  void (*port_free)(cov_port *port);

  int32_t (*compiled_inputs_size)(const cov_compiled_model *model, size_t *count);
  int32_t (*compiled_outputs_size)(const cov_compiled_model *model, size_t *count);
  int32_t (*compiled_input_by_index)(const cov_compiled_model *model, size_t index,
                                     cov_port *_Nullable *_Nonnull port);
  int32_t (*compiled_output_by_index)(const cov_compiled_model *model, size_t index,
                                      cov_port *_Nullable *_Nonnull port);
  int32_t (*compiled_output_by_name)(const cov_compiled_model *model, const char *name,
                                     cov_port *_Nullable *_Nonnull port);
  int32_t (*compiled_get_property)(const cov_compiled_model *model, const char *key,
                                   char *_Nullable *_Nonnull value);
  int32_t (*compiled_create_request)(const cov_compiled_model *model,
                                     cov_infer_request *_Nullable *_Nonnull request);
  void (*compiled_free)(cov_compiled_model *model);

  int32_t (*request_set_input)(cov_infer_request *request, size_t index, const cov_tensor *tensor);
  int32_t (*request_get_output)(const cov_infer_request *request, size_t index,
                                cov_tensor *_Nullable *_Nonnull tensor);
  int32_t (*request_infer)(cov_infer_request *request);
  void (*request_free)(cov_infer_request *request);

  int32_t (*tensor_create)(int32_t type, const cov_shape shape, cov_tensor *_Nullable *_Nonnull tensor);
  int32_t (*tensor_shape)(const cov_tensor *tensor, cov_shape *shape);
  int32_t (*tensor_element_type)(const cov_tensor *tensor, int32_t *type);
  int32_t (*tensor_byte_size)(const cov_tensor *tensor, size_t *bytes);
  int32_t (*tensor_data)(const cov_tensor *tensor, void *_Nullable *_Nonnull data);
  void (*tensor_free)(cov_tensor *tensor);

  // ov_core_compile_model; its argument list is variadic, so Swift cannot call it.
  void *compile_model;
} cov_library;

// The most key and value pairs that `cov_compile_model` passes on.
enum { COV_MAXIMUM_PROPERTIES = 8 };

// Loads a shared library and looks every function up. The library stays loaded until the process ends: its
// worker threads cannot be unloaded safely.
//
// Returns NULL and writes one line to `error` where the file cannot be loaded or lacks a function.
const cov_library *_Nullable cov_load(const char *path, char *error, size_t error_size);

// Compiles a model for a device. `keys_and_values` holds 2 * `property_count` texts.
int32_t cov_compile_model(const cov_library *library, const cov_core *core, const cov_model *model,
                          const char *device, const char *_Nonnull const *_Nonnull keys_and_values,
                          size_t property_count, cov_compiled_model *_Nullable *_Nonnull compiled);

#pragma clang assume_nonnull end
#endif
