"""Reports about letters as mail servers write them: RFC 3464, RFC 5965."""

from __future__ import annotations


def bounce(status: str, *, action: str = "failed", reporter: str = "mx.example.org") -> bytes:
    """A delivery status notification with one recipient."""
    return f"""From: MAILER-DAEMON@{reporter}
To: bounce@bounces.venire.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; {reporter}
Arrival-Date: Thu, 1 Jan 2026 00:00:00 +0000

Final-Recipient: rfc822; somebody-else@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; mx.elsewhere.example
Diagnostic-Code: smtp; 550 {status} Recipient address rejected

--part
Content-Type: message/rfc822

From: no-reply@venire.test
To: somebody-else@example.org
Subject: Choose a new password

--part--
""".encode()


def complaint(sender: str, *, kind: str = "abuse") -> bytes:
    """A report of a reader who pressed "this is spam"."""
    return f"""From: <feedback@mailbox.example>
To: <fbl@venire.test>
Subject: FW: An invitation for you
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain

This is an email abuse report.

--part
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Feedback/1.0
Version: 1
Original-Mail-From: <{sender}>
Original-Rcpt-To: <ayu@mail.test>

--part
Content-Type: message/rfc822

Subject: An invitation for you

--part--
""".encode()
