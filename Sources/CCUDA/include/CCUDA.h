// The CUDA driver (libcuda.so.1), opened at the first call: the program starts without it, and building needs no toolkit.
//
// Each function calls the driver function named in its comment and returns its result: 0 for success, otherwise an
// error number. Functions that need a context make it current on the calling thread.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "arguments.h"

/// Why the driver can't be used.
typedef enum {
  SOTTO_CUDA_FOUND,
  /// There is no libcuda.so.1.
  SOTTO_CUDA_NO_LIBRARY,
  /// The library lacks a function: it is older than CUDA 12.
  SOTTO_CUDA_OLD_LIBRARY,
} sotto_cuda_presence;

enum { SOTTO_CUDA_SUCCESS = 0, SOTTO_CUDA_OUT_OF_MEMORY = 2, SOTTO_CUDA_NO_DEVICE = 100 };

/// Attributes of a device (CUdevice_attribute).
typedef enum {
  SOTTO_CUDA_MULTIPROCESSORS = 16,
  SOTTO_CUDA_MAJOR = 75,
  SOTTO_CUDA_MINOR = 76,
  SOTTO_CUDA_SHARED_MEMORY = 97,
} sotto_cuda_attribute;

typedef struct sotto_cuda_context sotto_cuda_context;
typedef struct sotto_cuda_module sotto_cuda_module;
typedef struct sotto_cuda_function sotto_cuda_function;
typedef struct sotto_cuda_stream sotto_cuda_stream;
typedef struct sotto_cuda_event sotto_cuda_event;
typedef struct sotto_cuda_graph sotto_cuda_graph;

/// The size of a launch. With `overlaps`, the kernel may start before the one ahead of it in the stream has ended; it
/// must wait by itself (griddepcontrol.wait).
typedef struct {
  uint32_t grid_x, grid_y, grid_z, threads, shared_bytes;
  int overlaps;
} sotto_cuda_size;

/// Opens the library once. Thread-safe.
sotto_cuda_presence sotto_cuda_open(void);
/// cuInit
int sotto_cuda_start(void);
/// cuDriverGetVersion: 1000 * major + 10 * minor.
int sotto_cuda_driver_version(int *version);
/// cuGetErrorString; NULL for an unknown error.
const char *sotto_cuda_error_text(int error);
/// cuDeviceGetCount
int sotto_cuda_device_count(int *count);
/// cuDeviceGetName
int sotto_cuda_device_name(int device, char *name, int size);
/// cuDeviceGetAttribute
int sotto_cuda_device_attribute(int device, sotto_cuda_attribute attribute, int *value);
/// cuDeviceTotalMem
int sotto_cuda_device_memory(int device, size_t *bytes);

/// cuDevicePrimaryCtxRetain
int sotto_cuda_retain_context(int device, sotto_cuda_context **context);
/// cuDevicePrimaryCtxRelease
int sotto_cuda_release_context(int device);
/// cuMemGetInfo
int sotto_cuda_memory(sotto_cuda_context *context, size_t *free_bytes, size_t *total_bytes);
/// cuModuleLoadData: `image` is a cubin, a fat binary or PTX.
int sotto_cuda_load_module(sotto_cuda_context *context, const void *image, sotto_cuda_module **module);
/// cuModuleUnload
int sotto_cuda_unload_module(sotto_cuda_context *context, sotto_cuda_module *module);
/// cuModuleGetFunction
int sotto_cuda_find_function(sotto_cuda_module *module, const char *name, sotto_cuda_function **function);
/// cuFuncSetAttribute: allows a kernel so many bytes of dynamic shared memory.
int sotto_cuda_allow_shared_memory(sotto_cuda_context *context, sotto_cuda_function *function, int bytes);
/// cuStreamCreate, not ordered with the default stream.
int sotto_cuda_create_stream(sotto_cuda_context *context, sotto_cuda_stream **stream);
/// cuStreamDestroy
int sotto_cuda_destroy_stream(sotto_cuda_context *context, sotto_cuda_stream *stream);
/// cuStreamSynchronize
int sotto_cuda_wait(sotto_cuda_context *context, sotto_cuda_stream *stream);

/// cuMemAlloc
int sotto_cuda_allocate(sotto_cuda_context *context, size_t bytes, uint64_t *address);
/// cuMemFree
int sotto_cuda_free(sotto_cuda_context *context, uint64_t address);
/// cuMemHostAlloc: memory of the host that copies don't have to stage.
int sotto_cuda_allocate_host(sotto_cuda_context *context, size_t bytes, void **memory);
/// cuMemFreeHost
int sotto_cuda_free_host(sotto_cuda_context *context, void *memory);
/// cuMemsetD8Async
int sotto_cuda_fill(sotto_cuda_context *context, uint64_t address, uint8_t value, size_t bytes,
                    sotto_cuda_stream *stream);
/// cuMemcpyHtoDAsync. Pageable memory has been read when this returns, pinned memory may be read later.
int sotto_cuda_copy_in(sotto_cuda_context *context, uint64_t to, const void *from, size_t bytes,
                       sotto_cuda_stream *stream);
/// cuMemcpyDtoHAsync
int sotto_cuda_copy_out(sotto_cuda_context *context, void *to, uint64_t from, size_t bytes, sotto_cuda_stream *stream);
/// cuMemcpyDtoDAsync
int sotto_cuda_copy(sotto_cuda_context *context, uint64_t to, uint64_t from, size_t bytes, sotto_cuda_stream *stream);
/// cuEventCreate
int sotto_cuda_create_event(sotto_cuda_context *context, int is_timed, sotto_cuda_event **event);
/// cuEventDestroy
int sotto_cuda_destroy_event(sotto_cuda_context *context, sotto_cuda_event *event);
/// cuEventRecord
int sotto_cuda_record(sotto_cuda_context *context, sotto_cuda_event *event, sotto_cuda_stream *stream);
/// cuEventSynchronize
int sotto_cuda_wait_for_event(sotto_cuda_context *context, sotto_cuda_event *event);
/// cuEventElapsedTime
int sotto_cuda_elapsed(sotto_cuda_context *context, sotto_cuda_event *start, sotto_cuda_event *end,
                       float *milliseconds);
/// cuStreamBeginCapture: launches that follow are not run but become a graph.
int sotto_cuda_begin_capture(sotto_cuda_context *context, sotto_cuda_stream *stream);
/// cuStreamEndCapture and cuGraphInstantiate
int sotto_cuda_end_capture(sotto_cuda_context *context, sotto_cuda_stream *stream, sotto_cuda_graph **graph);
/// cuGraphLaunch
int sotto_cuda_launch_graph(sotto_cuda_context *context, sotto_cuda_graph *graph, sotto_cuda_stream *stream);
/// cuGraphExecDestroy
int sotto_cuda_destroy_graph(sotto_cuda_context *context, sotto_cuda_graph *graph);
/// cuLaunchKernelEx: a kernel with one argument, a structure of arguments.h.
int sotto_cuda_launch(sotto_cuda_context *context, sotto_cuda_function *function, const sotto_cuda_size *size,
                      void *arguments, sotto_cuda_stream *stream);
