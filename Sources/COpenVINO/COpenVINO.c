#include "COpenVINO.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int32_t (*compile_function)(const cov_core *, const cov_model *, const char *, size_t,
                                    cov_compiled_model **, ...);

static void write_error(char *error, size_t size, const char *text) {
  if (size > 0) {
    snprintf(error, size, "%s", text);
    char *line_end = strchr(error, '\n');
    if (line_end) *line_end = 0;
  }
}

const cov_library *cov_load(const char *path, char *error, size_t error_size) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    write_error(error, error_size, reason ? reason : "the dynamic loader gave no reason");
    return NULL;
  }
  cov_library *library = calloc(1, sizeof *library);
  if (!library) {
    write_error(error, error_size, "out of memory");
    dlclose(handle);
    return NULL;
  }
  const struct {
    void *slot;
    const char *symbol;
  } functions[] = {
      {&library->get_version, "ov_get_openvino_version"},
      {&library->version_free, "ov_version_free"},
      {&library->error_info, "ov_get_error_info"},
      {&library->last_error, "ov_get_last_err_msg"},
      {&library->free_text, "ov_free"},
      {&library->core_create, "ov_core_create"},
      {&library->core_free, "ov_core_free"},
      {&library->core_read_model, "ov_core_read_model"},
      {&library->core_available_devices, "ov_core_get_available_devices"},
      {&library->devices_free, "ov_available_devices_free"},
      {&library->core_get_property, "ov_core_get_property"},
      {&library->model_free, "ov_model_free"},
      {&library->model_inputs_size, "ov_model_inputs_size"},
      {&library->model_outputs_size, "ov_model_outputs_size"},
      {&library->model_input_by_index, "ov_model_const_input_by_index"},
      {&library->model_output_by_index, "ov_model_const_output_by_index"},
      {&library->model_reshape_single_input, "ov_model_reshape_single_input"},
      {&library->partial_shape_create_static, "ov_partial_shape_create_static"},
      {&library->partial_shape_free, "ov_partial_shape_free"},
      {&library->shape_create, "ov_shape_create"},
      {&library->shape_free, "ov_shape_free"},
      {&library->port_any_name, "ov_port_get_any_name"},
      {&library->port_partial_shape, "ov_port_get_partial_shape"},
      {&library->port_element_type, "ov_port_get_element_type"},
      {&library->port_free, "ov_output_const_port_free"},
      {&library->compiled_inputs_size, "ov_compiled_model_inputs_size"},
      {&library->compiled_outputs_size, "ov_compiled_model_outputs_size"},
      {&library->compiled_input_by_index, "ov_compiled_model_input_by_index"},
      {&library->compiled_output_by_index, "ov_compiled_model_output_by_index"},
      {&library->compiled_output_by_name, "ov_compiled_model_output_by_name"},
      {&library->compiled_get_property, "ov_compiled_model_get_property"},
      {&library->compiled_create_request, "ov_compiled_model_create_infer_request"},
      {&library->compiled_free, "ov_compiled_model_free"},
      {&library->request_set_input, "ov_infer_request_set_input_tensor_by_index"},
      {&library->request_get_output, "ov_infer_request_get_output_tensor_by_index"},
      {&library->request_infer, "ov_infer_request_infer"},
      {&library->request_free, "ov_infer_request_free"},
      {&library->tensor_create, "ov_tensor_create"},
      {&library->tensor_shape, "ov_tensor_get_shape"},
      {&library->tensor_element_type, "ov_tensor_get_element_type"},
      {&library->tensor_byte_size, "ov_tensor_get_byte_size"},
      {&library->tensor_data, "ov_tensor_data"},
      {&library->tensor_free, "ov_tensor_free"},
      {&library->compile_model, "ov_core_compile_model"},
  };
  for (size_t index = 0; index < sizeof functions / sizeof functions[0]; index++) {
    void *symbol = dlsym(handle, functions[index].symbol);
    if (!symbol) {
      char line[160];
      snprintf(line, sizeof line, "it has no function %s", functions[index].symbol);
      write_error(error, error_size, line);
      free(library);
      dlclose(handle);
      return NULL;
    }
    // POSIX gives object and function pointers one representation.
    memcpy(functions[index].slot, &symbol, sizeof symbol);
  }
  return library;
}

int32_t cov_compile_model(const cov_library *library, const cov_core *core, const cov_model *model,
                          const char *device, const char *const *kv, size_t count,
                          cov_compiled_model **out) {
  compile_function compile;
  memcpy(&compile, &library->compile_model, sizeof compile);
  switch (count) {
  case 0:
    return compile(core, model, device, 0, out);
  case 1:
    return compile(core, model, device, 2, out, kv[0], kv[1]);
  case 2:
    return compile(core, model, device, 4, out, kv[0], kv[1], kv[2], kv[3]);
  case 3:
    return compile(core, model, device, 6, out, kv[0], kv[1], kv[2], kv[3], kv[4], kv[5]);
  case 4:
    return compile(core, model, device, 8, out, kv[0], kv[1], kv[2], kv[3], kv[4], kv[5], kv[6], kv[7]);
  case 5:
    return compile(core, model, device, 10, out, kv[0], kv[1], kv[2], kv[3], kv[4], kv[5], kv[6], kv[7],
                   kv[8], kv[9]);
  case 6:
    return compile(core, model, device, 12, out, kv[0], kv[1], kv[2], kv[3], kv[4], kv[5], kv[6], kv[7],
                   kv[8], kv[9], kv[10], kv[11]);
  case 7:
    return compile(core, model, device, 14, out, kv[0], kv[1], kv[2], kv[3], kv[4], kv[5], kv[6], kv[7],
                   kv[8], kv[9], kv[10], kv[11], kv[12], kv[13]);
  case 8:
    return compile(core, model, device, 16, out, kv[0], kv[1], kv[2], kv[3], kv[4], kv[5], kv[6], kv[7],
                   kv[8], kv[9], kv[10], kv[11], kv[12], kv[13], kv[14], kv[15]);
  default:
    return -1;
  }
}
