// Jobs: a tree of processes, and the policy that holds for them.
#pragma once

#include "exception.h"
#include "object.h"

struct process;

// As in vmar.h.
typedef zx_status_t (*record_fn)(void* context, const void* record);

#define POLICY_CONDITIONS 16 // ZX_POL_*

struct policy_setting {
    uint8_t action;   // ZX_POL_ACTION_*
    uint8_t override; // ZX_POL_OVERRIDE_*: whether children may change it
};

struct job {
    struct dispatcher object;     // first
    struct job* parent;           // a reference; NULL: the root job
    struct list_node link;        // parent's children; unlinked once dead
    struct list_node doomed_link; // of those that job_kill is about to kill
    struct list_node children;
    struct list_node processes; // process.job_link
    uint32_t height;            // levels that may still be below it
    bool dying;
    bool dead;
    bool kill_on_oom;
    int64_t return_code;
    uint64_t runtime_ticks; // of its processes that are gone
    struct exception_channel exception_channel;
    struct list_node debugger_channels; // debugger_channel.link, oldest first
    uint32_t debugger_count;
    struct policy_setting policy[POLICY_CONDITIONS];
    zx_policy_timer_slack_t timer_slack;
    char name[ZX_MAX_NAME_LEN];
};

extern const struct dispatcher_ops job_ops;

struct job* job_root(void);
struct dispatcher* job_dispatcher(struct job* job);
struct job* job_from_dispatcher(struct dispatcher* object);
// OUT_OF_RANGE: the tree is too deep; BAD_STATE: the parent is dead or dying.
zx_status_t job_create(struct job* parent, struct job** out);
void job_kill(struct job* job, int64_t return_code);
// BAD_STATE: it is dead or dying.
zx_status_t job_add_process(struct job* job, struct process* process);
void job_remove_process(struct job* job, struct process* process);

zx_status_t job_set_basic_policy(struct job* job, uint32_t mode, const zx_policy_basic_v2_t* policy,
                                 uint32_t count);
bool job_has_children(const struct job* job);

void job_get_info(struct job* job, zx_info_job_t* info);
void job_get_runtime(struct job* job, zx_info_task_runtime_t* runtime);
// zx_koid_t records.
zx_status_t job_children(struct job* job, record_fn record, void* context);
zx_status_t job_processes(struct job* job, record_fn record, void* context);
// A child job, else a process of the job; NULL: neither.
struct dispatcher* job_find_child(struct job* job, zx_koid_t koid);
char* job_name(struct job* job);        // ZX_MAX_NAME_LEN bytes
bool* job_kill_on_oom(struct job* job); // ZX_PROP_JOB_KILL_ON_OOM
