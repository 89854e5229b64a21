/* SPDX-License-Identifier: Apache-2.0 */
/* A fault within the index ends the process with the status of a damaged one; for kv.c alone. */
#ifndef MREG_STORE_KV_FAULT_H
#define MREG_STORE_KV_FAULT_H

/* Installs the handlers of SIGBUS and SIGSEGV, once. Faults outside enter and leave go to whoever had them before. */
void kv_fault_catch(void);
/* Around whatever touches the map, in each thread; they nest. */
void kv_fault_enter(void);
void kv_fault_leave(void);
_Noreturn void kv_fault_die(void);

#endif
