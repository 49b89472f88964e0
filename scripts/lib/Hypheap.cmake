# SPDX-License-Identifier: GPL-2.0-only
# Flags and helpers that every folder's CMakeLists.txt uses.

include_guard(GLOBAL)

set(HYPHEAP_WARNINGS -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes
	-Wmissing-prototypes -Wwrite-strings -Wundef)
if(HYPHEAP_ENGINE STREQUAL external)
	include(External)
endif()

# AFL++'s compiler takes orders from the environment, of which a compiler's cache
# knows nothing: it would give what was made under other orders.
if(HYPHEAP_ENGINE STREQUAL afl OR HYPHEAP_EXTERNAL_AFL)
	set(CMAKE_C_COMPILER_LAUNCHER "")
endif()

# What every unit of the harness is compiled and linked with.
add_library(hypheap_flags INTERFACE)
target_compile_options(hypheap_flags INTERFACE ${HYPHEAP_WARNINGS} -fno-omit-frame-pointer
	${HYPHEAP_EXTERNAL_FLAGS})
target_include_directories(hypheap_flags INTERFACE
	"${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/fuzzers")
if(HYPHEAP_SANITIZE AND NOT HYPHEAP_ENGINE STREQUAL external)
	target_compile_options(hypheap_flags INTERFACE
		-fsanitize=${HYPHEAP_SANITIZE} -fno-sanitize-recover=all)
	target_link_options(hypheap_flags INTERFACE -fsanitize=${HYPHEAP_SANITIZE})
endif()

# The harness as a whole: nothing of the target, which the linker could then move
# about (allocator/CMakeLists.txt). What a link has made of a unit is kept, so that
# the next one, of the same harness with a planted bug, is done at once.
set(HYPHEAP_LTO_LINK) # what else a program that is linked with the harness needs
if(HYPHEAP_LTO)
	include(CheckCSourceCompiles)
	set(CMAKE_REQUIRED_FLAGS "-flto=thin -fuse-ld=lld")
	check_c_source_compiles("int main(void) { return 0; }" HYPHEAP_LTO_WORKS)
	unset(CMAKE_REQUIRED_FLAGS)
	if(HYPHEAP_LTO_WORKS AND CMAKE_C_COMPILER_ID MATCHES Clang)
		set(HYPHEAP_LTO_LINK -fuse-ld=lld)
		target_compile_options(hypheap_flags INTERFACE -flto=thin)
		target_link_options(hypheap_flags INTERFACE -flto=thin ${HYPHEAP_LTO_LINK}
			"-Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/lto")
	else()
		message(STATUS "no clang with its ld.lld: a tenth slower without LTO")
	endif()
endif()

# hypheap_plain(TARGET): without an engine's instrumentation. An engine is to see
# where the allocator went, not the harness. libFuzzer's is an option that only
# the allocator gets; AFL++'s compiler puts its own into all that it compiles.
function(hypheap_plain target)
	if(HYPHEAP_ENGINE STREQUAL external)
		# an engine's instrumentation may stand among the caller's flags
		target_compile_options(${target} PRIVATE
			$<$<C_COMPILER_ID:Clang>:-fno-sanitize=fuzzer-no-link>)
	endif()
	if(HYPHEAP_ENGINE STREQUAL afl OR HYPHEAP_EXTERNAL_AFL)
		set_target_properties(${target} PROPERTIES
			C_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;AFL_NOOPT=1")
	endif()
endfunction()

# Only the target is instrumented (allocator/CMakeLists.txt); all link the runtime.
if(HYPHEAP_COVERAGE)
	target_link_options(hypheap_flags INTERFACE -fprofile-instr-generate)
endif()

# hypheap_library(NAME SOURCE... [LIBS LIB...]): a static library of the harness.
function(hypheap_library name)
	cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
	add_library(${name} STATIC ${arg_UNPARSED_ARGUMENTS})
	target_link_libraries(${name} PUBLIC hypheap_flags ${arg_LIBS})
	hypheap_plain(${name})
endfunction()

# hypheap_test(NAME SOURCE... [LIBS LIB...]): a cmocka program that ctest runs.
function(hypheap_test name)
	if(NOT HYPHEAP_TESTS)
		return()
	endif()
	cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
	add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
	target_link_libraries(${name} PRIVATE ${arg_LIBS} cmocka)
	add_test(NAME ${name} COMMAND ${name})
	set_tests_properties(${name} PROPERTIES TIMEOUT 240)
endfunction()
