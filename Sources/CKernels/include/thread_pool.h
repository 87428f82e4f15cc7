// A pool of threads for operations of a few microseconds: threads spin briefly before they sleep.
//
// An operation is cut into as many shares as the pool has threads. Whoever is free takes the next share, so
// when the machine is busy and a thread is not running, the caller does its share instead of waiting for it.
#pragma once

/// One share of an operation: number `worker` of `workers`. Every share is run exactly once, by any thread
/// (share 0 by the caller). A share must not wait for another one.
typedef void (*sotto_task)(void *context, int worker, int workers);
typedef struct sotto_pool sotto_pool;

/// A pool of `threads` workers, the calling thread included (so threads - 1 are started; fewer where the system
/// refuses them). NULL without memory.
sotto_pool *sotto_pool_create(int threads);
/// Runs all shares of `task` and returns when all are done. One caller at a time, and not from within a share.
/// Costs well below a microsecond while the threads are awake. A NULL pool is a pool of one thread.
void sotto_pool_run(sotto_pool *pool, sotto_task task, void *context);
/// Threads of the pool, the caller included; 1 for NULL.
int sotto_pool_threads(const sotto_pool *pool);
/// Waits for the threads to end and frees the pool.
void sotto_pool_destroy(sotto_pool *pool);
