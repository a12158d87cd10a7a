// What stands between Paho C and its start of a publish, see ../paho.cmake: the linker leads a call
// of f to __wrap_f.
//
// When the first write of a QoS 1 message fails, Paho C 1.3.12 frees its payload with the command,
// and again with the client's unanswered messages, where it stays: by then the address may be
// somebody else's. So such a message counts as written. It stays unanswered, as one does that was
// lost on its way, and who reads finds the end of the connection: paho_SSL_write has shut it.
namespace {

constexpr int kSocketError = -1;  // Paho's
constexpr int kWritten = 0;

}  // namespace

extern "C" {

int __real_MQTTProtocol_startPublish(void* client, void* publish, int qos, int retained,
                                     void** message);

int __wrap_MQTTProtocol_startPublish(void* client, void* publish, int qos, int retained,
                                     void** message) {
  const int written = __real_MQTTProtocol_startPublish(client, publish, qos, retained, message);
  return qos > 0 && written == kSocketError ? kWritten : written;
}

}  // extern "C"
