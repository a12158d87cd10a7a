# dmp_paho_api(RESULT NM WHICH FILE): the functions of Paho C for its users in FILE's dynamic symbols; WHICH is
# --defined-only for those it offers, --undefined-only for those it calls.
function(dmp_paho_api result nm which file)
  execute_process(COMMAND ${nm} -D ${which} ${file} OUTPUT_VARIABLE table COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "MQTT[A-Za-z_]+" names "${table}")
  list(REMOVE_DUPLICATES names)
  set(${result} "${names}" PARENT_SCOPE)
endfunction()
