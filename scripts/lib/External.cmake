# SPDX-License-Identifier: GPL-2.0-only
# HYPHEAP_ENGINE=external: compiler, flags and engine are the caller's, as a
# fuzzing service gives them (CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE). We
# add no sanitizer, only look which ones there are.

include_guard(GLOBAL)
include(CheckCSourceCompiles)

# An engine's library may be C++, or want its run-time library.
enable_language(CXX)

# hypheap_has(VARIABLE FEATURE): whether the caller's flags switch FEATURE on. Not
# linked: what goes without an engine is not asked.
function(hypheap_has variable feature)
	set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
	check_c_source_compiles("#if !__has_feature(${feature})
#error without it
#endif
int unused;" ${variable})
endfunction()

hypheap_has(HYPHEAP_EXTERNAL_ADDRESS address_sanitizer)
hypheap_has(HYPHEAP_EXTERNAL_UNDEFINED undefined_behavior_sanitizer)

set(HYPHEAP_SANITIZE "")
if(HYPHEAP_EXTERNAL_ADDRESS)
	list(APPEND HYPHEAP_SANITIZE address)
endif()
if(HYPHEAP_EXTERNAL_UNDEFINED)
	list(APPEND HYPHEAP_SANITIZE undefined)
endif()
list(JOIN HYPHEAP_SANITIZE "," HYPHEAP_SANITIZE)
message(STATUS "engine: external, sanitizers: ${HYPHEAP_SANITIZE}")

# Unsigned numbers wrap around where it is meant: a kernel's hashes, and checks of
# the form "at - base < bytes". That is defined, and some services call it a bug.
if(HYPHEAP_EXTERNAL_UNDEFINED AND CMAKE_C_COMPILER_ID MATCHES Clang)
	set(HYPHEAP_EXTERNAL_FLAGS -fno-sanitize=unsigned-integer-overflow)
endif()

# AFL++'s compiler instruments by itself, and its library has no hooks for a
# mutator: those are a library of its own (fuzzers/engines/afl_mutator.c).
if(CMAKE_C_COMPILER MATCHES "afl-[^/]*$")
	set(HYPHEAP_EXTERNAL_AFL ON)
endif()

# Whatever compiler comes next may warn of what this one does not know.
list(REMOVE_ITEM HYPHEAP_WARNINGS -Werror)
