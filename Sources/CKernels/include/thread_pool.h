// A pool of threads for operations of a few microseconds: threads spin briefly before they sleep.
//
// An operation is divided into as many shares as the pool has threads. An idle thread takes the next share; if a
// thread is not running because the machine is busy, the caller does its share instead of waiting.
#pragma once

/// One share of an operation: number `worker` of `workers`. Every share runs exactly once, on any thread (share 0 on
/// the caller's). A share must not wait for another one.
typedef void (*sotto_task)(void *context, int worker, int workers);
typedef struct sotto_pool sotto_pool;

/// Creates a pool of `threads` workers including the calling thread (threads - 1 are started, fewer if the system
/// refuses). NULL if there is no memory.
sotto_pool *sotto_pool_create(int threads);
/// Runs all shares of `task` and returns when all are done. One caller at a time, and not from within a share. Costs
/// well below a microsecond while the threads are awake. A NULL pool is a pool of one thread.
void sotto_pool_run(sotto_pool *pool, sotto_task task, void *context);
/// The number of threads including the caller's; 1 for NULL.
int sotto_pool_threads(const sotto_pool *pool);
/// Joins the threads and frees the pool.
void sotto_pool_destroy(sotto_pool *pool);
