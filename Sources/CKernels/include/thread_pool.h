// A pool of threads for operations of a few microseconds: workers spin briefly before they sleep.
#pragma once

/// One worker's share of an operation; called once on every worker, the caller being worker 0.
typedef void (*sotto_task)(void *context, int worker, int workers);
typedef struct sotto_pool sotto_pool;

/// A pool of `threads` workers, the calling thread included (so threads - 1 are started). NULL without memory.
sotto_pool *sotto_pool_create(int threads);
/// Runs `task` on all workers and returns when all are done. One caller at a time. Costs about a microsecond.
void sotto_pool_run(sotto_pool *pool, sotto_task task, void *context);
int sotto_pool_threads(const sotto_pool *pool);
/// Waits for the workers to end and frees the pool.
void sotto_pool_destroy(sotto_pool *pool);
