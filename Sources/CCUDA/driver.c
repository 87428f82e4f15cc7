// The driver's functions, found by name. Their types are declared here from the documentation of the driver interface.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

#include "CCUDA.h"

// The part of CUlaunchConfig and CUlaunchAttribute that is used.
typedef struct {
  int id;
  char padding[4];
  union {
    char bytes[64];
    int flag;
  } value;
} launch_attribute;

typedef struct {
  unsigned int grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes;
  void *stream;
  launch_attribute *attributes;
  unsigned int attribute_count;
} launch_configuration;

enum { RELAXED_CAPTURE = 2, PROGRAMMATIC_STREAM_SERIALIZATION = 6, NON_BLOCKING = 1, MOST_SHARED_MEMORY = 8, DISABLE_TIMING = 2 };

// name, type of the arguments
#define FUNCTIONS(F)                                                                   \
  F(cuInit, (unsigned))                                                                \
  F(cuDriverGetVersion, (int *))                                                       \
  F(cuGetErrorString, (int, const char **))                                            \
  F(cuDeviceGetCount, (int *))                                                         \
  F(cuDeviceGetName, (char *, int, int))                                               \
  F(cuDeviceGetAttribute, (int *, int, int))                                           \
  F(cuDeviceTotalMem_v2, (size_t *, int))                                              \
  F(cuDevicePrimaryCtxRetain, (void **, int))                                          \
  F(cuDevicePrimaryCtxRelease_v2, (int))                                               \
  F(cuCtxSetCurrent, (void *))                                                         \
  F(cuMemGetInfo_v2, (size_t *, size_t *))                                             \
  F(cuModuleLoadData, (void **, const void *))                                         \
  F(cuModuleUnload, (void *))                                                          \
  F(cuModuleGetFunction, (void **, void *, const char *))                              \
  F(cuFuncSetAttribute, (void *, int, int))                                            \
  F(cuStreamCreate, (void **, unsigned))                                               \
  F(cuStreamDestroy_v2, (void *))                                                      \
  F(cuStreamSynchronize, (void *))                                                     \
  F(cuMemAlloc_v2, (uint64_t *, size_t))                                               \
  F(cuMemFree_v2, (uint64_t))                                                          \
  F(cuMemHostAlloc, (void **, size_t, unsigned))                                       \
  F(cuMemFreeHost, (void *))                                                           \
  F(cuMemsetD8Async, (uint64_t, unsigned char, size_t, void *))                        \
  F(cuMemcpyHtoDAsync_v2, (uint64_t, const void *, size_t, void *))                    \
  F(cuMemcpyDtoHAsync_v2, (void *, uint64_t, size_t, void *))                          \
  F(cuMemcpyDtoDAsync_v2, (uint64_t, uint64_t, size_t, void *))                        \
  F(cuEventCreate, (void **, unsigned))                                                \
  F(cuEventDestroy_v2, (void *))                                                       \
  F(cuEventRecord, (void *, void *))                                                   \
  F(cuEventSynchronize, (void *))                                                      \
  F(cuEventElapsedTime, (float *, void *, void *))                                     \
  F(cuStreamBeginCapture_v2, (void *, int))                                            \
  F(cuStreamEndCapture, (void *, void **))                                             \
  F(cuGraphInstantiateWithFlags, (void **, void *, unsigned long long))                \
  F(cuGraphLaunch, (void *, void *))                                                   \
  F(cuGraphExecDestroy, (void *))                                                      \
  F(cuGraphDestroy, (void *))                                                          \
  F(cuLaunchKernelEx, (const launch_configuration *, void *, void **, void **))

#define DECLARE(name, arguments) int(*name) arguments;
static struct {
  FUNCTIONS(DECLARE)
} driver;

static sotto_cuda_presence presence;

static void open_driver(void) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    presence = SOTTO_CUDA_NO_LIBRARY;
    return;
  }
  int is_complete = 1;
#define FIND(name, arguments) \
  if (!(*(void **)&driver.name = dlsym(library, #name))) is_complete = 0;
  FUNCTIONS(FIND)
  presence = is_complete ? SOTTO_CUDA_FOUND : SOTTO_CUDA_OLD_LIBRARY;
}

sotto_cuda_presence sotto_cuda_open(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_driver);
  return presence;
}

// The current context of this thread, so that it is set only when it changes.
static _Thread_local void *current;

static int enter(sotto_cuda_context *context) {
  if (current == context) return 0;
  int error = driver.cuCtxSetCurrent(context);
  if (!error) current = context;
  return error;
}

#define IN(context, call)       \
  do {                          \
    int error = enter(context); \
    return error ? error : call; \
  } while (0)

int sotto_cuda_start(void) { return driver.cuInit(0); }
int sotto_cuda_driver_version(int *version) { return driver.cuDriverGetVersion(version); }
const char *sotto_cuda_error_text(int error) {
  const char *text = 0;
  return sotto_cuda_open() == SOTTO_CUDA_FOUND && driver.cuGetErrorString(error, &text) == 0 ? text : 0;
}
int sotto_cuda_device_count(int *count) { return driver.cuDeviceGetCount(count); }
int sotto_cuda_device_name(int device, char *name, int size) { return driver.cuDeviceGetName(name, size, device); }
int sotto_cuda_device_attribute(int device, sotto_cuda_attribute attribute, int *value) {
  return driver.cuDeviceGetAttribute(value, (int)attribute, device);
}
int sotto_cuda_device_memory(int device, size_t *bytes) { return driver.cuDeviceTotalMem_v2(bytes, device); }

int sotto_cuda_retain_context(int device, sotto_cuda_context **context) {
  return driver.cuDevicePrimaryCtxRetain((void **)context, device);
}
int sotto_cuda_release_context(int device) { return driver.cuDevicePrimaryCtxRelease_v2(device); }
int sotto_cuda_memory(sotto_cuda_context *context, size_t *free_bytes, size_t *total_bytes) {
  IN(context, driver.cuMemGetInfo_v2(free_bytes, total_bytes));
}
int sotto_cuda_load_module(sotto_cuda_context *context, const void *image, sotto_cuda_module **module) {
  IN(context, driver.cuModuleLoadData((void **)module, image));
}
int sotto_cuda_unload_module(sotto_cuda_context *context, sotto_cuda_module *module) {
  IN(context, driver.cuModuleUnload(module));
}
int sotto_cuda_find_function(sotto_cuda_module *module, const char *name, sotto_cuda_function **function) {
  return driver.cuModuleGetFunction((void **)function, module, name);
}
int sotto_cuda_allow_shared_memory(sotto_cuda_context *context, sotto_cuda_function *function, int bytes) {
  IN(context, driver.cuFuncSetAttribute(function, MOST_SHARED_MEMORY, bytes));
}
int sotto_cuda_create_stream(sotto_cuda_context *context, sotto_cuda_stream **stream) {
  IN(context, driver.cuStreamCreate((void **)stream, NON_BLOCKING));
}
int sotto_cuda_destroy_stream(sotto_cuda_context *context, sotto_cuda_stream *stream) {
  IN(context, driver.cuStreamDestroy_v2(stream));
}
int sotto_cuda_wait(sotto_cuda_context *context, sotto_cuda_stream *stream) {
  IN(context, driver.cuStreamSynchronize(stream));
}

int sotto_cuda_allocate(sotto_cuda_context *context, size_t bytes, uint64_t *address) {
  IN(context, driver.cuMemAlloc_v2(address, bytes));
}
int sotto_cuda_free(sotto_cuda_context *context, uint64_t address) { IN(context, driver.cuMemFree_v2(address)); }
int sotto_cuda_allocate_host(sotto_cuda_context *context, size_t bytes, void **memory) {
  IN(context, driver.cuMemHostAlloc(memory, bytes, 0));
}
int sotto_cuda_free_host(sotto_cuda_context *context, void *memory) { IN(context, driver.cuMemFreeHost(memory)); }
int sotto_cuda_fill(sotto_cuda_context *context, uint64_t address, uint8_t value, size_t bytes,
                    sotto_cuda_stream *stream) {
  IN(context, driver.cuMemsetD8Async(address, value, bytes, stream));
}
int sotto_cuda_copy_in(sotto_cuda_context *context, uint64_t to, const void *from, size_t bytes,
                       sotto_cuda_stream *stream) {
  IN(context, driver.cuMemcpyHtoDAsync_v2(to, from, bytes, stream));
}
int sotto_cuda_copy_out(sotto_cuda_context *context, void *to, uint64_t from, size_t bytes, sotto_cuda_stream *stream) {
  IN(context, driver.cuMemcpyDtoHAsync_v2(to, from, bytes, stream));
}
int sotto_cuda_copy(sotto_cuda_context *context, uint64_t to, uint64_t from, size_t bytes, sotto_cuda_stream *stream) {
  IN(context, driver.cuMemcpyDtoDAsync_v2(to, from, bytes, stream));
}
int sotto_cuda_create_event(sotto_cuda_context *context, int is_timed, sotto_cuda_event **event) {
  IN(context, driver.cuEventCreate((void **)event, is_timed ? 0 : DISABLE_TIMING));
}
int sotto_cuda_destroy_event(sotto_cuda_context *context, sotto_cuda_event *event) {
  IN(context, driver.cuEventDestroy_v2(event));
}
int sotto_cuda_record(sotto_cuda_context *context, sotto_cuda_event *event, sotto_cuda_stream *stream) {
  IN(context, driver.cuEventRecord(event, stream));
}
int sotto_cuda_wait_for_event(sotto_cuda_context *context, sotto_cuda_event *event) {
  IN(context, driver.cuEventSynchronize(event));
}
int sotto_cuda_elapsed(sotto_cuda_context *context, sotto_cuda_event *start, sotto_cuda_event *end,
                       float *milliseconds) {
  IN(context, driver.cuEventElapsedTime(milliseconds, start, end));
}

int sotto_cuda_begin_capture(sotto_cuda_context *context, sotto_cuda_stream *stream) {
  IN(context, driver.cuStreamBeginCapture_v2(stream, RELAXED_CAPTURE));
}
int sotto_cuda_end_capture(sotto_cuda_context *context, sotto_cuda_stream *stream, sotto_cuda_graph **graph) {
  int error = enter(context);
  if (error) return error;
  void *captured = 0;
  error = driver.cuStreamEndCapture(stream, &captured);
  if (error) return error;
  error = driver.cuGraphInstantiateWithFlags((void **)graph, captured, 0);
  driver.cuGraphDestroy(captured);
  return error;
}
int sotto_cuda_launch_graph(sotto_cuda_context *context, sotto_cuda_graph *graph, sotto_cuda_stream *stream) {
  IN(context, driver.cuGraphLaunch(graph, stream));
}
int sotto_cuda_destroy_graph(sotto_cuda_context *context, sotto_cuda_graph *graph) {
  IN(context, driver.cuGraphExecDestroy(graph));
}

int sotto_cuda_launch(sotto_cuda_context *context, sotto_cuda_function *function, const sotto_cuda_size *size,
                      void *arguments, sotto_cuda_stream *stream) {
  launch_attribute overlap = {.id = PROGRAMMATIC_STREAM_SERIALIZATION, .value.flag = 1};
  launch_configuration configuration = {
      .grid_x = size->grid_x, .grid_y = size->grid_y, .grid_z = size->grid_z, .block_x = size->threads, .block_y = 1,
      .block_z = 1, .shared_bytes = size->shared_bytes, .stream = stream, .attributes = &overlap,
      .attribute_count = size->overlaps ? 1 : 0};
  IN(context, driver.cuLaunchKernelEx(&configuration, function, &arguments, 0));
}
