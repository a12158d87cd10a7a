# `paho`: the MQTT client as Debian has it, but without what it notes about itself, and able to read
# and acknowledge by the batch.
#
# Why: Debian's Paho C notes each entry and exit of each function and keeps every allocation in one
# locked tree: CPU time for every message.
# How: a program links Paho C's static library, and the linker puts paho/unwatched.cc in the place of
# those functions (--wrap). The C++ half stays Debian's shared library; a program's own symbols come
# first there. As the static library hides its API, a copy of it has other names for that, and
# exports.cc, made here, leads from each old name to its new one.
# Its reads and writes lead through paho/batch.cc, which passes them on as they are until a program
# calls batch_paho(). OpenSSL's trace of records is never asked for.
# paho/pubacks.cc sees what Paho hides: the reason code of a publish that succeeded.
# paho/broken_publish.cc keeps Paho from freeing twice what it could not write.
# dmp_uses_paho() sees to it that this works. Debian's shared Paho C is loaded as well, and idle.
find_package(PahoMqttCpp REQUIRED)
find_package(OpenSSL REQUIRED)

include(${CMAKE_CURRENT_LIST_DIR}/paho/api.cmake)

function(dmp_add_paho_unwatched)
  find_library(DMP_PAHO_SHARED libpaho-mqtt3as.so REQUIRED)
  find_library(DMP_PAHO_STATIC libpaho-mqtt3as.a)
  if(NOT DMP_PAHO_STATIC)
    message(FATAL_ERROR "libpaho-mqtt3as.a is not here. Way out: install the package libpaho-mqtt-dev")
  endif()
  set(folder ${CMAKE_BINARY_DIR}/paho)
  dmp_paho_api(names ${CMAKE_NM} --defined-only ${DMP_PAHO_SHARED})
  set(renames "")
  set(exports "#include \"${CMAKE_SOURCE_DIR}/cmake/paho/export.h\"\n\n")
  foreach(name IN LISTS names)
    string(APPEND renames "${name} unwatched_${name}\n")
    string(APPEND exports "EXPORT(${name})\n")
  endforeach()
  foreach(name ERR_clear_error SSL_CTX_set_msg_callback SSL_free SSL_pending SSL_read SSL_write usleep)
    string(APPEND renames "${name} paho_${name}\n")
  endforeach()
  file(CONFIGURE OUTPUT ${folder}/renames CONTENT "${renames}" @ONLY)
  file(CONFIGURE OUTPUT ${folder}/exports.cc CONTENT "${exports}" @ONLY)
  add_custom_command(OUTPUT ${folder}/libpaho.a
    COMMAND ${CMAKE_OBJCOPY} --redefine-syms=${folder}/renames ${DMP_PAHO_STATIC} ${folder}/libpaho.a
    DEPENDS ${DMP_PAHO_STATIC} ${folder}/renames VERBATIM)
  add_custom_target(paho_renamed DEPENDS ${folder}/libpaho.a)
  add_library(paho_unwatched STATIC ${CMAKE_SOURCE_DIR}/cmake/paho/batch.cc
    ${CMAKE_SOURCE_DIR}/cmake/paho/broken_publish.cc
    ${CMAKE_SOURCE_DIR}/cmake/paho/pubacks.cc ${CMAKE_SOURCE_DIR}/cmake/paho/unwatched.cc ${folder}/exports.cc)
  add_dependencies(paho_unwatched paho_renamed)
  target_link_libraries(paho_unwatched PRIVATE dmp_options
    PUBLIC ${folder}/libpaho.a OpenSSL::SSL OpenSSL::Crypto anl)
  foreach(replaced StackTrace_entry StackTrace_exit mymalloc myrealloc myfree MQTTProtocol_handlePubacks MQTTProtocol_startPublish
      Socket_getReadySocket)
    target_link_options(paho_unwatched PUBLIC -Wl,--wrap=${replaced})
  endforeach()
  target_link_libraries(paho INTERFACE $<LINK_LIBRARY:WHOLE_ARCHIVE,paho_unwatched>)
endfunction()

add_library(paho INTERFACE)
dmp_add_paho_unwatched()
target_link_libraries(paho INTERFACE PahoMqttCpp::paho-mqttpp3)

# Refuses a program that would call Debian's shared Paho C after all.
#   dmp_uses_paho(dmp-bridge)
function(dmp_uses_paho program)
  add_custom_command(TARGET ${program} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DPROGRAM=$<TARGET_FILE:${program}>
            -DWRAPPER=$<TARGET_FILE:PahoMqttCpp::paho-mqttpp3>
            -P ${CMAKE_SOURCE_DIR}/cmake/paho/check.cmake VERBATIM)
endfunction()
