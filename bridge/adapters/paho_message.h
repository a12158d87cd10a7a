// PahoMessage: a message as Paho C++ delivers it, as the bridge's Message.
#pragma once

#include <cstdint>
#include <string>

#include <mqtt/message.h>

#include "bridge/core/message.h"

namespace dmp::bridge {

class PahoMessage {
 public:
  // `received` must outlive it.
  PahoMessage(const mqtt::message& received, std::int64_t received_at_us);
  PahoMessage(const PahoMessage&) = delete;
  PahoMessage& operator=(const PahoMessage&) = delete;

  [[nodiscard]] const Message& message() const { return message_; }

 private:
  PropertyPack pack_;
  std::string content_type_;
  std::string response_topic_;
  std::string correlation_;
  Message message_;
};

}  // namespace dmp::bridge
