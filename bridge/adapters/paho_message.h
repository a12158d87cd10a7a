// PahoMessage: a message as Paho's C library delivers it, as the bridge's Message, without a copy.
#pragma once

#include <cstdint>
#include <string_view>

#include <MQTTAsync.h>

#include "bridge/core/message.h"

namespace dmp::bridge {

class PahoMessage {
 public:
  // Both must outlive it.
  PahoMessage(std::string_view topic, const MQTTAsync_message& received,
              std::int64_t received_at_us);
  PahoMessage(const PahoMessage&) = delete;
  PahoMessage& operator=(const PahoMessage&) = delete;

  [[nodiscard]] const Message& message() const { return message_; }

 private:
  PropertyPack pack_;
  Message message_;
};

}  // namespace dmp::bridge
