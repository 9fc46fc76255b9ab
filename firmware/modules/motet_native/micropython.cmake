# SPDX-License-Identifier: Apache-2.0
# motet_native as a MicroPython user C module for ports that CMake builds; micropython.mk says the same to make.
get_filename_component(MOTET_ROOT ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
set(MOTET_NATIVE ${MOTET_ROOT}/firmware/native)

# Lines of a list file without its comments.
function(motet_read_list file into)
    file(STRINGS ${MOTET_NATIVE}/${file} lines REGEX "^[^#]")
    set(${into} ${lines} PARENT_SCOPE)
endfunction()

motet_read_list(sources.list MOTET_GLOBS)
motet_read_list(defines.list MOTET_DEFINES)
list(TRANSFORM MOTET_GLOBS PREPEND ${MOTET_ROOT}/)
file(GLOB MOTET_NATIVE_SOURCES CONFIGURE_DEPENDS ${MOTET_GLOBS})
set(MOTET_INCLUDES ${MOTET_NATIVE} ${MOTET_ROOT}/third_party/wasm3 ${MOTET_ROOT}/third_party/monocypher)

# Python-free sources: a library of their own, which is not scanned for interned strings.
add_library(motet_native_c STATIC ${MOTET_NATIVE_SOURCES})
target_include_directories(motet_native_c PRIVATE ${MOTET_INCLUDES})
target_compile_definitions(motet_native_c PRIVATE ${MOTET_DEFINES} NDEBUG)
target_compile_options(motet_native_c PRIVATE -std=gnu11 -ffunction-sections -fdata-sections)

# Speed matters in the engines, size everywhere else; more of it than in micropython.mk, as the flash of this part is full and
# has a small cache.
file(STRINGS ${MOTET_NATIVE}/nn/hot.mk MOTET_NN_HOT REGEX "^NN_HOT")
string(REGEX REPLACE "^NN_HOT *:= *" "" MOTET_NN_HOT "${MOTET_NN_HOT}")
separate_arguments(MOTET_NN_HOT)
set(MOTET_WASM3_OPTIONS -w -fno-strict-aliasing -fomit-frame-pointer -fno-stack-protector
    -Dcalloc=motet_wasm_calloc -Drealloc=motet_wasm_realloc -Dfree=motet_wasm_free)
foreach(source ${MOTET_NATIVE_SOURCES})
    get_filename_component(name ${source} NAME_WE)
    if(source MATCHES "/third_party/wasm3/m3_compile\\.c$")
        set(options -O2 ${MOTET_WASM3_OPTIONS})
    elseif(source MATCHES "/third_party/wasm3/")
        # Loading only: the operations are compiled with m3_compile.c.
        set(options -Os ${MOTET_WASM3_OPTIONS})
    elseif(source MATCHES "/third_party/monocypher/")
        set(options -Os -DBLAKE2_NO_UNROLLING -w)
    elseif(source MATCHES "/native/nn/" AND NOT name IN_LIST MOTET_NN_HOT)
        set(options -Os -Wall -Werror)
    elseif(source MATCHES "/native/(crypto|store|wasm)/")
        set(options -Os -Wall -Werror)
    else()
        set(options -O2 -Wall -Werror)
    endif()
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${options}")
endforeach()

# Bindings: scanned for interned strings.
file(GLOB MOTET_BINDINGS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
add_library(usermod_motet_native INTERFACE)
target_sources(usermod_motet_native INTERFACE ${MOTET_BINDINGS})
target_include_directories(usermod_motet_native INTERFACE ${MOTET_INCLUDES})
target_compile_definitions(usermod_motet_native INTERFACE ${MOTET_DEFINES})
target_link_libraries(usermod_motet_native INTERFACE motet_native_c)
target_link_libraries(usermod INTERFACE usermod_motet_native)
